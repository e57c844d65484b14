/** The bounds that S3 itself sets (Amazon S3 User Guide, "Amazon S3 multipart upload limits"; API reference). */
const MIB = 1024 * 1024;

export const MIN_PART_BYTES = 5 * MIB;
/** One PUT, whether an object or a part. */
export const MAX_PUT_BYTES = 5 * 1024 * MIB;
export const MAX_PARTS = 10_000;
export const MAX_LISTED = 1_000;
export const MAX_KEY_BYTES = 1_024;
export const MAX_PRESIGNED_SECONDS = 604_800;
export const MAX_CLOCK_SKEW_MS = 15 * 60 * 1000;
/** A completion names at most 10,000 parts at some 300 bytes each. */
export const MAX_COMPLETION_BYTES = 4 * MIB;
/** The line that opens an aws-chunked chunk: a hex length and an 85-character signature. */
export const MAX_CHUNK_LINE_BYTES = 1_024;
export const MAX_TRAILER_BYTES = 16 * 1024;
/** CreateBucket's body names a location. */
export const MAX_BUCKET_CONFIGURATION_BYTES = 16 * 1024;
