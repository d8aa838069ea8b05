"""Writes synthetic images of every depth, sign, colour and number of frames to the folder argv[1].

It encodes each with DCMTK, GDCM and pydicom in every transfer syntax that fits, and prints a JSON line for each file:

    path, syntax, what, frames (SHA-256 of the stored values of each frame), or, for lossy files, raw: the path of the
    values as another decoder reads them, all frames, little endian, without a change of colour space.

An image that an encoder refuses is left out (DCMTK: signed JPEG below 16 bits; GDCM: palettes in JPEG). Every image
that it takes is kept.
"""
import json
import os
import subprocess
import sys

import pydicom

import encapsulations
import pictures

folder = sys.argv[1]

NATIVE = {"implicit": ["dcmconv", "+ti"], "big-endian": ["dcmconv", "+tb"], "deflated": ["dcmconv", "+td"]}
LOSSLESS = {
    "rle": ["dcmcrle"],
    "rle-no-table": ["dcmcrle", "-ot"],
    "jpeg-sv1": ["dcmcjpeg", "+e1"],
    "jpeg-sv1-fragments": ["dcmcjpeg", "+e1", "+fs", "1"],
    "jpeg-sv1-fragments-no-table": ["dcmcjpeg", "+e1", "+fs", "1", "-ot"],
    "jpeg-p14": ["dcmcjpeg", "+el"],
    "jls": ["dcmcjpls", "+el"],
    "jls-fragments": ["dcmcjpls", "+el", "+fs", "1"],
    "gdcm-jpeg": ["gdcmconv", "--jpeg"],
    "j2k": ["gdcmconv", "--j2k"],
}
COLOUR = {"jls-by-sample": ["dcmcjpls", "+el", "+is"], "jls-by-plane": ["dcmcjpls", "+el", "+in"]}
BASELINE = {
    "baseline": (["dcmcjpeg", "+eb"], ["dcmdjpeg", "+cn", "+px"]),
    "baseline-rgb": (["dcmcjpeg", "+eb", "+cr"], ["dcmdjpeg", "+cn", "+px"]),
    "baseline-444": (["dcmcjpeg", "+eb", "+s4"], ["dcmdjpeg", "+cn", "+px"]),
}


def run(*command: str) -> bool:
    """Runs a command; whether it succeeded."""
    return subprocess.run(command, capture_output=True, text=True).returncode == 0


def report(path: str, what: str, frames: list[str] | None = None, raw: str | None = None) -> None:
    """Prints the JSON line of a file."""
    syntax = str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    print(json.dumps({"path": path, "what": what, "syntax": syntax, "frames": frames, "raw": raw}))


def encode(name: str, what: str, encoders: dict[str, list[str]], expected: list[str]) -> None:
    """Encodes NAME.dcm without loss with each of the encoders {name: command}. `expected`: digests of the frames."""
    for encoder, command in encoders.items():
        target = f"{name}-{encoder}.dcm"
        if run(*command, f"{name}.dcm", target):
            report(target, f"{what}, {' '.join(command)}", expected)


def encode_lossy(name: str, what: str, encoders: dict[str, tuple[list[str], list[str]]]) -> None:
    """Encodes NAME.dcm with loss with each of the encoders {name: (command to encode, command to decode)}.

    The values of `raw` are what the second command decodes: as the lossy file has them, not as they were.
    """
    for encoder, (compress, decompress) in encoders.items():
        target = f"{name}-{encoder}.dcm"
        if not run(*compress, f"{name}.dcm", target):
            continue
        if not run(*decompress, target, f"{target}.decoded"):
            sys.exit(f"{' '.join(decompress)} failed")
        ds = pydicom.dcmread(f"{target}.decoded")
        values = ds.Rows * ds.Columns * ds.SamplesPerPixel * int(ds.get("NumberOfFrames", 1))
        with open(f"{target}.raw", "wb") as raw:
            raw.write(ds.PixelData[: values * ds.BitsAllocated // 8])
        report(target, f"{what}, {' '.join(compress)}", raw=f"{target}.raw")


def write(short: str, what: str, picture: tuple[pydicom.dataset.Dataset, list[str]]) -> tuple[str, list[str]]:
    """Writes an image of pictures.py as SHORT.dcm and in all encodings that fit every image.

    Returns its path without .dcm, and the digests of its frames.
    """
    ds, expected = picture
    name = os.path.join(folder, short)
    ds.save_as(f"{name}.dcm", write_like_original=False)
    report(f"{name}.dcm", what, expected)
    # DCMTK swaps the 16-bit words of 32-bit samples one by one, pydicom the samples; the standard does not decide.
    encode(name, what, {key: NATIVE[key] for key in NATIVE if key != "big-endian" or ds.BitsAllocated < 32}, expected)
    if ds.BitsAllocated <= 8:  # PS3.5 A.3: in big endian words, bytes change places
        ds["PixelData"].VR = "OW"
        ds.save_as(f"{name}-words.dcm")
        encode(f"{name}-words", f"{what} in words", {"big-endian": NATIVE["big-endian"]}, expected)
    for encoding, transform in encapsulations.OF_PYDICOM.items():
        transform(ds, f"{name}-{encoding}.dcm")
        report(f"{name}-{encoding}.dcm", f"{what}, {encoding}", expected)
    return name, expected


def write_grey(bits: int, signed: bool, frames: int) -> None:
    """Writes a grey image in all encodings that fit it."""
    photometric = "MONOCHROME1" if frames == 1 and bits in (8, 12) and not signed else "MONOCHROME2"
    what = f"{bits} bits {'signed' if signed else 'unsigned'} {photometric} × {frames}"
    short = f"{'s' if signed else 'u'}{bits}x{frames}"
    name, expected = write(short, what, pictures.grey(bits, signed, frames, photometric))
    if bits == 32:
        encode(name, what, {"rle": ["dcmcrle"]}, expected)
        return
    encode(name, what, LOSSLESS, expected)
    if frames > 1:
        encapsulations.with_extended_offsets(f"{name}-rle.dcm", f"{name}-eot.dcm")
        report(f"{name}-eot.dcm", f"{what}, extended offset table", expected)
    lossy = {} if signed else {"near-lossless": (["dcmcjpls", "+en"], ["dcmdjpls"])}
    if bits == 8:
        lossy["baseline"] = (["dcmcjpeg", "+eb"], ["dcmdjpeg"])
    if bits in (10, 12) and not signed:
        lossy["extended"] = (["dcmcjpeg", "+ee"], ["dcmdjpeg"])
    if frames == 1:
        lossy["j2k-lossy"] = (["gdcmconv", "--j2k", "--lossy"], ["gdcmconv", "--raw"])
    encode_lossy(name, what, lossy)


for frames in (1, 3):
    for signed in (False, True):
        for bits in (8, 10, 12, 14, 16, 32):
            write_grey(bits, signed, frames)
    ds, expected = pictures.bits(frames)
    write(f"bitx{frames}", f"1 bit × {frames}", (ds, expected))
    encapsulations.literal_rle_of_bits(ds, os.path.join(folder, f"bitx{frames}-rle.dcm"))
    report(os.path.join(folder, f"bitx{frames}-rle.dcm"), f"1 bit × {frames}, RLE of packed bits", expected)
    for bits in (8, 16):
        what = f"palette of {bits} bits × {frames}"
        name, expected = write(f"palette{bits}x{frames}", what, pictures.palette(bits, frames))
        encode(name, what, LOSSLESS, expected)
        for planar in (0, 1):
            what = f"RGB of {bits} bits, {'by plane' if planar else 'by pixel'} × {frames}"
            name, expected = write(f"rgb{bits}x{frames}p{planar}", what, pictures.colour(bits, frames, "RGB", planar))
            # dcmcjpeg 3.6.7 mixes up the planes of several frames, as dcmdjpeg, GDCM and this program all find.
            mixed = frames > 1 and planar == 1
            encoders = {
                key: command for key, command in (LOSSLESS | COLOUR).items()
                if not (mixed and command[0] == "dcmcjpeg")
            }
            encode(name, what, encoders, expected)
            if bits == 8 and planar == 0:
                encode_lossy(name, what, BASELINE)
                encode_lossy(name, what, {"j2k-ict": (["gdcmconv", "--j2k", "--lossy"], ["gdcmconv", "--raw"])})
    what = f"YBR_FULL × {frames}"
    name, expected = write(f"ybr{frames}", what, pictures.colour(8, frames, "YBR_FULL"))
    encode(name, what, {"rle": ["dcmcrle"]}, expected)
    write(f"ybr422x{frames}", f"YBR_FULL_422 × {frames}", pictures.colour(8, frames, "YBR_FULL_422", columns=44))
