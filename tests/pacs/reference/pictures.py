"""Synthetic images of every depth, sign and colour: DICOM data sets, and the SHA-256 of each frame's stored values."""
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from storedValues import digests

ROWS, COLUMNS = 61, 43  # odd, so that frames need padding and rows no alignment


def grey(bits, signed, frames, photometric="MONOCHROME2"):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    stack = waves(frames, 1, COLUMNS, seed=bits * 100 + frames * 10 + signed)[..., 0]
    values = np.clip(np.rint(low + stack * (high - low)), low, high)
    values[:, 0, :2] = low, high  # the extremes are there
    allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return image(values.astype(f"<{'i' if signed else 'u'}{allocated // 8}"), bits, signed, photometric)


def colour(bits, frames, photometric, planar=0, columns=COLUMNS):
    """RGB, or YBR_FULL and YBR_FULL_422, whose chroma is then equal for each pair of pixels."""
    high = (1 << bits) - 1
    values = np.clip(np.rint(waves(frames, 3, columns, seed=bits + frames) * high), 0, high)
    values[:, 0, 0], values[:, 0, 1] = (0, high, 0), (high, 0, high)
    if photometric == "YBR_FULL_422":
        values[..., 1::2, 1:] = values[..., 0::2, 1:]
    return image(values.astype("<u1" if bits <= 8 else "<u2"), bits, False, photometric, planar)


def palette(bits, frames):
    """Indices into tables of `2 ** bits` entries of 16 bits."""
    ds, expected = grey(bits, False, frames, "PALETTE COLOR")
    for channel in ["Red", "Green", "Blue"]:
        setattr(ds, f"{channel}PaletteColorLookupTableDescriptor", [(1 << bits) % 65536, 0, 16])
        table = np.linspace(0, 65535, 1 << bits).astype("<u2")
        setattr(ds, f"{channel}PaletteColorLookupTableData", table.tobytes())
    return ds, expected


def bits(frames):
    """A single bit a pixel, frames packed without a gap (PS3.5 8.1.1); an odd number of pixels."""
    values = (waves(frames, 1, COLUMNS, seed=frames)[..., 0] > 0.5).astype("u1")
    ds, expected = image(values, 1, False, "MONOCHROME2")
    packed = np.packbits(values.ravel(), bitorder="little").tobytes()
    ds.BitsAllocated = 1
    ds.PixelData = packed + b"\0" * (len(packed) % 2)
    return ds, expected


def waves(frames, samples, columns, seed):
    """Smooth, with some noise, from about 0 to about 1, no two frames or samples alike."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0:columns]
    return np.array([
        np.stack([
            0.5 + 0.35 * np.sin(x / (5 + frame)) * np.cos(y / (7 + sample)) + noise.normal(0, 0.02, x.shape)
            for sample in range(samples)
        ], axis=-1)
        for frame in range(frames)
    ])


def image(values, bits, signed, photometric, planar=0):
    """`values`: frames, rows, columns and, in colour, samples; as they are to be decoded."""
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
