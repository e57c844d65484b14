/**
 * Every bound on untrusted input, each with its reason. Heights and blocks are integers, sizes are bytes,
 * money is satoshis.
 */

/** API Gateway takes 10 MB; no request of ours needs more than a terms object, so a larger one is a mistake or an attack. */
export const MAX_BODY_BYTES = 16 * 1024;

/** 21 million bitcoin: no amount can be larger (consensus, MAX_MONEY). */
export const MAX_SATOSHIS = 2_100_000_000_000_000n;

/** From here on a locktime is a time, not a height (BIP65, consensus LOCKTIME_THRESHOLD). */
export const LOCKTIME_THRESHOLD = 500_000_000;

/** Chunks in one dataset: S3's 48.8 TiB at the smallest useful chunk, and a version list that still fits in memory. */
export const MAX_DATASET_CHUNKS = 100_000;

/** Below it S3 refuses a part that is not the last one, so a chunk could not be joined or copied by parts. */
export const MIN_CHUNK_BYTES = 5 * 1024 * 1024;

/** S3's largest single part and largest copy in one request. */
export const MAX_CHUNK_BYTES = 5 * 1024 * 1024 * 1024;

/** Bytes between two points at which a buyer can check what it received. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/** 100,000 chunks of 5 GiB: within 2^53, so sizes are exact as JavaScript numbers. */
export const MAX_DATASET_BYTES = MAX_DATASET_CHUNKS * MAX_CHUNK_BYTES;

/** 64 hex characters a segment and a little for the files: room for a 10 TiB dataset, small enough to parse at once. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** What a person reads in a list; longer text belongs in a file of the dataset. */
export const MAX_NAME_CHARACTERS = 200;
export const MAX_DESCRIPTION_CHARACTERS = 10_000;
export const MAX_LICENCE_CHARACTERS = 200;

/** PATH_MAX of Linux less a folder to put it in; a component is bounded by ext4, APFS and NTFS at 255 bytes or units. */
export const MAX_PATH_BYTES = 3_840;
export const MAX_PATH_COMPONENT_BYTES = 255;

/** A manifest that lists more files would not fit in its own bound. */
export const MAX_FILES = 500_000;

/** Refund co-signatures kept for one channel: a fee-bumped funding has a new txid each time, and nobody bumps more often. */
export const MAX_REFUND_OUTPOINTS = 16;

/** Seconds a request's signature may differ from our clock: what ordinary clocks drift, and too short to reuse a stolen one for long. */
export const MAX_CLOCK_SKEW_SECONDS = 120;

/** Output indices: a funding transaction within the standard 400,000 weight units holds fewer outputs than this. */
export const MAX_VOUT = 12_000;

/** Milliseconds that an unfunded channel that nobody co-signed stays open. */
export const PROPOSAL_LIFETIME_MS = 60 * 60 * 1000;

/** Milliseconds for which a price that was replaced still opens channels: a buyer may have read it just before. */
export const OLD_PRICE_GRACE_MS = 60 * 60 * 1000;

/** URLs for one chunk: enough for a buyer whose connection keeps breaking, too few to share the chunk with others. */
export const MAX_URLS_UNPAID = 8;
export const MAX_URLS_PAID_PER_DAY = 20;

/** Characters of a URL in an answer: longer than any presigned one with session credentials. */
export const MAX_URL_CHARACTERS = 4_096;

/** Seconds a presigned URL works: bearer tokens are kept short, and a transfer under way survives its end. */
export const URL_LIFETIME_SECONDS = 15 * 60;

/** Milliseconds: how long a tip is used again, and how old it may be before payments and chunks are refused. */
export const TIP_CACHE_MS = 60 * 1000;
export const MAX_TIP_AGE_MS = 10 * 60 * 1000;

/** A settlement transaction may not be larger, vB: TRUC transactions are capped at 10,000 (BIP431), less a margin for counting. */
export const MAX_SETTLEMENT_VBYTES = 9_900;

/** Satoshis per 1,000 vB: no settlement pays more, whatever an estimator says. */
export const MAX_FEE_RATE = 1_000_000n;

/** Blocks on top of a settlement after which it is taken as final. */
export const SETTLED_DEPTH = 6;

/** A sample that a storefront gives away, bytes: enough to judge a dataset by, and little to pay for however often it is fetched. */
export const MAX_SAMPLE_BYTES = 16 * 1024 * 1024;

/** A shop's answer, bytes: a catalogue of 10,000 datasets at a full description each would fit; a stranger's endless answer does not. */
export const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

/** A node's answer, bytes: the largest block in hex is 8 MB, and a wallet's whole list of coins stays below this. */
export const MAX_NODE_ANSWER_BYTES = 64 * 1024 * 1024;

/** Milliseconds for a node to answer: a healthy one takes a few, and the request that waits for it has 30 seconds. */
export const NODE_TIMEOUT_MS = 8_000;

/** Milliseconds for a node to search blocks or coins by script, which on a large chain takes minutes. */
export const NODE_SCAN_TIMEOUT_MS = 5 * 60 * 1000;

/** Blocks before a coinbase output may be spent (consensus, COINBASE_MATURITY). */
export const COINBASE_MATURITY = 100;

/** Blocks by which chain sources may differ: over the first somebody is told, over the second nothing is decided (ordinary forks are one deep). */
export const TIP_DIFFERENCE_ALARM = 2;
export const TIP_DIFFERENCE_LIMIT = 6;
