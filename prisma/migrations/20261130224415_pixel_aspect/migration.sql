-- AlterTable
ALTER TABLE "Slice" ADD COLUMN     "pixelAspect" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- Slices that are here: by their spacing, which is between rows, then between columns. PixelAspectRatio was not stored.
-- The CASE keeps the division from values whose quotient no double holds, and a ratio over 10 is a faulty header.
UPDATE "Slice" SET "pixelAspect" = CASE
  WHEN "pixelSpacing"[1] BETWEEN 0.000001 AND 1000000 AND "pixelSpacing"[2] BETWEEN 0.000001 AND 1000000
    AND "pixelSpacing"[1] BETWEEN "pixelSpacing"[2] * 0.1 AND "pixelSpacing"[2] * 10
    THEN "pixelSpacing"[1] / "pixelSpacing"[2]
  ELSE 1
END
WHERE array_length("pixelSpacing", 1) = 2;
