"""Writes synthetic MR images of every depth, sign and number of frames to the folder argv[1], encodes each with
DCMTK and GDCM in every transfer syntax that fits, and prints a JSON line for each file:

    path, syntax, what, frames (SHA-256 of the stored values of each frame), or, for lossy files, raw: the path of the
    values as another decoder reads them, all frames, little endian.
"""
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_pixel_data_frame
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from storedValues import digests

folder = sys.argv[1]
ROWS, COLUMNS = 61, 43  # odd, so that frames need padding and rows no alignment


def picture(bits, signed, frames):
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    noise = np.random.default_rng(bits * 100 + frames * 10 + signed)
    stack = []
    for frame in range(frames):
        smooth = 0.5 + 0.35 * np.sin(x / (5 + frame)) * np.cos(y / 7) + noise.normal(0, 0.02, x.shape)
        values = np.clip(np.rint(low + smooth * (high - low)), low, high)
        values[0, :2] = low, high  # the extremes are there
        stack.append(values)
    return np.array(stack)


def dataset(bits, signed, frames, photometric="MONOCHROME2"):
    allocated = 8 if bits <= 8 else 16
    pixels = picture(bits, signed, frames).astype(f"<{'i' if signed else 'u'}{allocated // 8}")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4" if frames == 1 else "1.2.840.10008.5.1.4.1.1.7.3"
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SeriesInstanceUID = generate_uid()
    ds.PatientName = "Test^Corpus"
    ds.Modality = "MR"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = photometric
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, bits, bits - 1
    ds.PixelRepresentation = int(signed)
    stored = pixels.view(pixels.dtype.str.replace("i", "u"))
    data = (stored & ((1 << bits) - 1)).astype(stored.dtype).tobytes() if allocated == 16 else stored.tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW" if allocated == 16 else "OB"
    ds.is_little_endian, ds.is_implicit_VR = True, False
    return ds, digests(pixels if frames > 1 else pixels[0], frames, bits)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def report(path, what, frames=None, raw=None):
    syntax = str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    print(json.dumps({"path": path, "what": what, "syntax": syntax, "frames": frames, "raw": raw}))


def with_extended_offsets(source, target):
    """PS3.3 C.7.6.3.1.8: 64-bit offsets and lengths, the basic table empty."""
    ds = pydicom.dcmread(source)
    frames = list(generate_pixel_data_frame(ds.PixelData, int(ds.NumberOfFrames)))
    padded = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    offsets, position = [], 0
    for frame in padded:
        offsets.append(position)
        position += 8 + len(frame)
    ds.PixelData = encapsulate(padded, has_bot=False)
    ds["PixelData"].is_undefined_length = True
    ds.add_new(0x7FE00001, "OV", struct.pack(f"<{len(offsets)}Q", *offsets))
    ds.add_new(0x7FE00002, "OV", struct.pack(f"<{len(frames)}Q", *map(len, frames)))
    ds.save_as(target)


for bits, signed, frames, photometric in [
    (8, False, 1, "MONOCHROME2"),
    (8, False, 3, "MONOCHROME2"),
    (12, False, 1, "MONOCHROME1"),
    (12, False, 3, "MONOCHROME2"),
    (12, True, 1, "MONOCHROME2"),
    (16, False, 1, "MONOCHROME2"),
    (16, False, 3, "MONOCHROME2"),
    (16, True, 1, "MONOCHROME2"),
    (16, True, 3, "MONOCHROME2"),
]:
    what = f"{bits} bits {'signed' if signed else 'unsigned'}, {frames} frame{'s' if frames > 1 else ''}"
    name = os.path.join(folder, f"{'s' if signed else 'u'}{bits}x{frames}")
    ds, expected = dataset(bits, signed, frames, photometric)
    ds.save_as(f"{name}.dcm", write_like_original=False)
    report(f"{name}.dcm", what, expected)
    for option in ["+ti", "+tb", "+td"]:
        run("dcmconv", option, f"{name}.dcm", f"{name}{option}.dcm")
        report(f"{name}{option}.dcm", what, expected)
    lossless = {
        "rle": ["dcmcrle"],
        "rle-no-table": ["dcmcrle", "-ot"],
        "jpeg-sv1": ["dcmcjpeg", "+e1"],
        "jpeg-sv1-fragments": ["dcmcjpeg", "+e1", "+fs", "1"],
        "jpeg-sv1-fragments-no-table": ["dcmcjpeg", "+e1", "+fs", "1", "-ot"],
        "jpeg-p14": ["dcmcjpeg", "+el"],
        "jls": ["dcmcjpls", "+el"],
        "jls-fragments": ["dcmcjpls", "+el", "+fs", "1"],
    }
    for encoder, command in lossless.items():
        if signed and encoder.startswith("jpeg") and bits < 16:
            continue  # DCMTK refuses it
        target = f"{name}-{encoder}.dcm"
        run(*command, f"{name}.dcm", target)
        report(target, f"{what}, {' '.join(command)}", expected)
    run("gdcmconv", "--j2k", f"{name}.dcm", f"{name}-j2k.dcm")
    report(f"{name}-j2k.dcm", what, expected)
    if frames > 1:
        with_extended_offsets(f"{name}-rle.dcm", f"{name}-eot.dcm")
        report(f"{name}-eot.dcm", f"{what}, extended offset table", expected)
    lossy = {} if signed else {"near-lossless": (["dcmcjpls", "+en"], ["dcmdjpls"])}
    if bits == 8:
        lossy["baseline"] = (["dcmcjpeg", "+eb"], ["dcmdjpeg"])
    if bits == 12 and not signed:
        lossy["extended"] = (["dcmcjpeg", "+ee"], ["dcmdjpeg"])
    if frames == 1:
        lossy["j2k-lossy"] = (["gdcmconv", "--j2k", "--lossy"], ["gdcmconv", "--raw"])
    for encoder, (encode, decode) in lossy.items():
        target = f"{name}-{encoder}.dcm"
        run(*encode, f"{name}.dcm", target)
        run(*decode, target, f"{target}.decoded")
        values = pydicom.dcmread(f"{target}.decoded")
        with open(f"{target}.raw", "wb") as raw:
            raw.write(values.PixelData[: ROWS * COLUMNS * frames * values.BitsAllocated // 8])
        report(target, f"{what}, {' '.join(encode)}", raw=f"{target}.raw")
