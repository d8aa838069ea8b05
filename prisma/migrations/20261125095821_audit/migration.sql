-- CreateTable
CREATE TABLE "AuditEntry" (
    "seq" BIGINT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "subject" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "studyInstanceUid" TEXT,
    "object" TEXT,
    "address" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "previous" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("seq")
);

-- CreateIndex
CREATE INDEX "AuditEntry_studyInstanceUid_idx" ON "AuditEntry"("studyInstanceUid");

-- CreateIndex
CREATE INDEX "AuditEntry_time_idx" ON "AuditEntry"("time");
