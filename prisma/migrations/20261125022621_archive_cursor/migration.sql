-- CreateTable
CREATE TABLE "ArchiveCursor" (
    "pacs" TEXT NOT NULL,
    "last" BIGINT NOT NULL,

    CONSTRAINT "ArchiveCursor_pkey" PRIMARY KEY ("pacs")
);
