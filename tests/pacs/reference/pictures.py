"""Synthetic images of every depth, sign and colour: DICOM data sets, and the SHA-256 of each frame's stored values.

Each function that makes an image returns (data set, [digest of each frame]).
"""
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from storedValues import digests

ROWS, COLUMNS = 61, 43  # odd, so that frames need padding and rows are not aligned


def grey(bits: int, signed: bool, frames: int, photometric: str = "MONOCHROME2") -> tuple[Dataset, list[str]]:
    """A grey image of `bits` bits a pixel, with the lowest and the highest value in each frame."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    stack = waves(frames, 1, COLUMNS, seed=bits * 100 + frames * 10 + signed)[..., 0]
    values = np.clip(np.rint(low + stack * (high - low)), low, high)
    values[:, 0, :2] = low, high  # the extremes are there
    allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return image(values.astype(f"<{'i' if signed else 'u'}{allocated // 8}"), bits, signed, photometric)


def colour(
    bits: int, frames: int, photometric: str, planar: int = 0, columns: int = COLUMNS
) -> tuple[Dataset, list[str]]:
    """An image in RGB, YBR_FULL or YBR_FULL_422, with `bits` bits a sample.

    In YBR_FULL_422 the chroma of each pair of pixels is equal.
    """
    high = (1 << bits) - 1
    values = np.clip(np.rint(waves(frames, 3, columns, seed=bits + frames) * high), 0, high)
    values[:, 0, 0], values[:, 0, 1] = (0, high, 0), (high, 0, high)
    if photometric == "YBR_FULL_422":
        values[..., 1::2, 1:] = values[..., 0::2, 1:]
    return image(values.astype("<u1" if bits <= 8 else "<u2"), bits, False, photometric, planar)


def palette(bits: int, frames: int) -> tuple[Dataset, list[str]]:
    """An image of indices into colour tables of `2 ** bits` entries, 16 bits each."""
    ds, expected = grey(bits, False, frames, "PALETTE COLOR")
    for channel in ["Red", "Green", "Blue"]:
        setattr(ds, f"{channel}PaletteColorLookupTableDescriptor", [(1 << bits) % 65536, 0, 16])
        table = np.linspace(0, 65535, 1 << bits).astype("<u2")
        setattr(ds, f"{channel}PaletteColorLookupTableData", table.tobytes())
    return ds, expected


def bits(frames: int) -> tuple[Dataset, list[str]]:
    """An image of a single bit a pixel, with an odd number of pixels.

    Its frames are packed without a gap (PS3.5 8.1.1).
    """
    values = (waves(frames, 1, COLUMNS, seed=frames)[..., 0] > 0.5).astype("u1")
    ds, expected = image(values, 1, False, "MONOCHROME2")
    packed = np.packbits(values.ravel(), bitorder="little").tobytes()
    ds.BitsAllocated = 1
    ds.PixelData = packed + b"\0" * (len(packed) % 2)
    return ds, expected


def waves(frames: int, samples: int, columns: int, seed: int) -> np.ndarray:
    """[frames, ROWS, columns, samples] smooth values with some noise, from about 0 to about 1.

    No two frames or samples are alike.
    """
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0:columns]
    return np.array([
        np.stack([
            0.5 + 0.35 * np.sin(x / (5 + frame)) * np.cos(y / (7 + sample)) + noise.normal(0, 0.02, x.shape)
            for sample in range(samples)
        ], axis=-1)
        for frame in range(frames)
    ])


def image(
    values: np.ndarray, bits: int, signed: bool, photometric: str, planar: int = 0
) -> tuple[Dataset, list[str]]:
    """An image of stored values [frames, rows, columns] or, in colour, [frames, rows, columns, samples]."""
    frames, rows, columns = values.shape[:3]
    itemsize = values.dtype.itemsize
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4" if frames == 1 else "1.2.840.10008.5.1.4.1.1.7.3"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.PatientName = "Test^Corpus"
    ds.Modality = "MR"
    ds.SamplesPerPixel = 3 if values.ndim == 4 else 1
    ds.PhotometricInterpretation = photometric
    if values.ndim == 4:
        ds.PlanarConfiguration = planar
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = itemsize * 8, bits, bits - 1
    ds.PixelRepresentation = int(signed)
    words = values.view(f"<u{itemsize}") & np.array((1 << bits) - 1, f"<u{itemsize}")
    if photometric == "YBR_FULL_422":  # Y1 Y2 Cb Cr
        pairs = [words[..., 0::2, 0], words[..., 1::2, 0], words[..., 0::2, 1], words[..., 0::2, 2]]
        words = np.stack(pairs, axis=-1)
    elif planar:
        words = np.moveaxis(words, -1, 1)
    data = words.tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OB" if itemsize == 1 else "OW"
    ds.is_little_endian, ds.is_implicit_VR = True, False
    return ds, digests(values if frames > 1 else values[0], frames, bits)
