"""Writes one file for each character set to the folder argv[1], and prints {path, terms, name} as pydicom reads it."""
import json
import os
import sys
import warnings

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

warnings.simplefilter("ignore")
NAMES = {
    "ISO_IR 6": "Smith^John",
    "ISO_IR 100": "Müller^Jörg",
    "ISO_IR 101": "Wałęsa^Łukasz",
    "ISO_IR 109": "Ĉapek^Ĝi",
    "ISO_IR 110": "Bērziņš^Ģirts",
    "ISO_IR 144": "Люкceмбypг",
    "ISO_IR 127": "قباني^لنزار",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 138": "שרון^דבורה",
    "ISO_IR 148": "Çavuşoğlu^Işık",
    "ISO_IR 166": "สมชาย^ใจดี",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
    "ISO_IR 192": "Wang^XiaoDong=王^小东",
    "GB18030": "Wang^XiaoDong=王^小东",
    "GBK": "Wang^XiaoDong=王^小东",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "ISO 2022 IR 13\\ISO 2022 IR 87": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 144": "Ivanov^Ivan=Иванов^Иван",
}
for index, (terms, name) in enumerate(NAMES.items()):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = terms.split("\\")
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.PatientName = name
    ds.is_little_endian, ds.is_implicit_VR = True, False
    path = os.path.join(sys.argv[1], f"{index}.dcm")
    ds.save_as(path, write_like_original=False)
    read = str(pydicom.dcmread(path).PatientName)
    print(json.dumps({"path": path, "terms": terms, "name": read}))
