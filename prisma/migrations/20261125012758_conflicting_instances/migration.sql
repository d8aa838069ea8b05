-- CreateTable
CREATE TABLE "ConflictingInstance" (
    "sopInstanceUid" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ConflictingInstance_pkey" PRIMARY KEY ("sopInstanceUid","sha256")
);

-- AddForeignKey
ALTER TABLE "ConflictingInstance" ADD CONSTRAINT "ConflictingInstance_sopInstanceUid_fkey" FOREIGN KEY ("sopInstanceUid") REFERENCES "Instance"("sopInstanceUid") ON DELETE CASCADE ON UPDATE CASCADE;
