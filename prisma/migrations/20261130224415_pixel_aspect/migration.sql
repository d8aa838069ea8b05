-- AlterTable
ALTER TABLE "Slice" ADD COLUMN     "pixelAspect" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- Slices that are here: by their spacing, which is between rows, then between columns. PixelAspectRatio was not stored.
UPDATE "Slice" SET "pixelAspect" = "pixelSpacing"[1] / "pixelSpacing"[2]
WHERE array_length("pixelSpacing", 1) = 2 AND "pixelSpacing"[1] > 0 AND "pixelSpacing"[2] > 0;
