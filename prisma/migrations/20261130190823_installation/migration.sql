-- CreateTable
CREATE TABLE "Installation" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),

    CONSTRAINT "Installation_pkey" PRIMARY KEY ("only")
);

-- One row, made here and once, so that several servers at one database are one installation.
ALTER TABLE "Installation" ADD CONSTRAINT "Installation_only_check" CHECK ("only");
INSERT INTO "Installation" DEFAULT VALUES;
