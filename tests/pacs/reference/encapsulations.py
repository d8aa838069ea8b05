"""Encapsulated transfer syntaxes that DCMTK and GDCM do not write, made with pydicom.

`target` is the path that a file is written to.
"""
import copy
import struct
import zlib

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_pixel_data_frame
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset, write_file_meta_info


def with_extended_offsets(source: str, target: str) -> None:
    """Copies a file with 64-bit offsets and lengths and an empty basic table (PS3.3 C.7.6.3.1.8)."""
    ds = pydicom.dcmread(source)
    frames = list(generate_pixel_data_frame(ds.PixelData, int(ds.NumberOfFrames)))
    padded = [even(frame) for frame in frames]
    offsets, position = [], 0
    for frame in padded:
        offsets.append(position)
        position += 8 + len(frame)
    ds.PixelData = encapsulate(padded, has_bot=False)
    ds["PixelData"].is_undefined_length = True
    ds.add_new(0x7FE00001, "OV", struct.pack(f"<{len(offsets)}Q", *offsets))
    ds.add_new(0x7FE00002, "OV", struct.pack(f"<{len(frames)}Q", *map(len, frames)))
    ds.save_as(target)


def native_frames(ds: Dataset) -> list[bytes]:
    """The bytes of each frame of an uncompressed data set. Frames of single bits start with a new byte each."""
    frames = int(ds.get("NumberOfFrames", 1))
    if ds.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(ds.PixelData, "u1"), bitorder="little")
        pixels = ds.Rows * ds.Columns
        return [np.packbits(bits[n * pixels : (n + 1) * pixels], bitorder="little").tobytes() for n in range(frames)]
    samples = 2 if ds.PhotometricInterpretation == "YBR_FULL_422" else ds.SamplesPerPixel
    length = ds.Rows * ds.Columns * samples * ds.BitsAllocated // 8
    return [ds.PixelData[n * length : (n + 1) * length] for n in range(frames)]


def save(ds: Dataset, target: str, syntax: str, frames: list[bytes]) -> None:
    """Writes the data set with these encoded frames. `syntax`: UID of the transfer syntax."""
    copied = copy.deepcopy(ds)
    copied.file_meta.TransferSyntaxUID = syntax
    copied.PixelData = encapsulate([even(frame) for frame in frames])
    copied["PixelData"].VR = "OB"
    copied["PixelData"].is_undefined_length = True
    with open(target, "wb") as file:  # in parts: pydicom's dcmwrite knows only the syntaxes of its time
        file.write(bytes(128) + b"DICM")
        stream = DicomFileLike(file)
        stream.is_little_endian, stream.is_implicit_VR = True, False
        write_file_meta_info(stream, copied.file_meta, enforce_standard=False)
        write_dataset(stream, copied)


def encapsulated_uncompressed(ds: Dataset, target: str) -> None:
    """Writes the data set in Encapsulated Uncompressed Explicit VR Little Endian."""
    save(ds, target, "1.2.840.10008.1.2.1.98", native_frames(ds))


def deflated_frames(ds: Dataset, target: str) -> None:
    """Writes the data set with each frame deflated (RFC 1951, raw; PS3.5 8.2.16)."""
    def deflate(frame: bytes) -> bytes:
        """The frame as a raw deflate stream."""
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(frame) + stream.flush()

    save(ds, target, "1.2.840.10008.1.2.8.1", [deflate(frame) for frame in native_frames(ds)])


def literal_rle_of_bits(ds: Dataset, target: str) -> None:
    """Writes a data set of single bits, run-length encoded as they are packed (PS3.5 8.2.2).

    Each frame is one segment in which nothing repeats.
    """
    def encode(packed: bytes) -> bytes:
        """The packed frame as an RLE header and one segment of literal runs."""
        runs = [packed[at : at + 128] for at in range(0, len(packed), 128)]
        return struct.pack("<16I", 1, 64, *[0] * 14) + b"".join(bytes([len(run) - 1]) + run for run in runs)

    save(ds, target, "1.2.840.10008.1.2.5", [encode(frame) for frame in native_frames(ds)])


def even(frame: bytes) -> bytes:
    """The frame, padded to an even number of bytes."""
    return frame + b"\0" * (len(frame) % 2)


OF_PYDICOM = {"encapsulated": encapsulated_uncompressed, "deflated-frames": deflated_frames}
