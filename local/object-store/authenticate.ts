import { timingSafeEqual } from 'node:crypto';
import { type Claim, readClaim } from './credential.ts';
import { S3Error } from './errors.ts';
import { MAX_CLOCK_SKEW_MS } from './limits.ts';
import type { S3Request } from './request.ts';
import { type ChunkSigner, canonicalRequest, sign, signingKey, stringToSign } from './signature.ts';

export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** What the signature says about the body, for whoever reads the body to enforce. */
export type Payload =
  | { readonly kind: 'unsigned' }
  /** SHA-256 of the body, lower-case hex. */
  | { readonly kind: 'hashed'; readonly sha256: string }
  /** aws-chunked framing; with `signer` each chunk carries a signature. */
  | { readonly kind: 'chunked'; readonly trailer: boolean; readonly signer?: ChunkSigner };

/**
 * Proves that the holder of the secret key made exactly this request (API reference, "Authenticating Requests: AWS
 * Signature Version 4"). Throws what S3 answers otherwise.
 * @param now milliseconds since the epoch
 */
export function authenticate(request: S3Request, identity: Identity, now: number): Payload {
  const claim = readClaim(request);
  checkScope(claim, identity);
  checkTime(claim, now);
  checkSignedHeaders(request, claim);
  const key = signingKey(identity.secretAccessKey, claim.scope);
  checkSignature(request, claim, key);
  return payloadOf(claim, key);
}

function checkScope(claim: Claim, identity: Identity): void {
  const code =
    claim.expiresAt === undefined ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError';
  if (claim.accessKeyId !== identity.accessKeyId)
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        details: { AWSAccessKeyId: claim.accessKeyId },
      },
    );
  const { date, region, service } = claim.scope;
  if (date !== claim.timestamp.slice(0, 8))
    throw new S3Error(code, `Invalid credential date "${date}". This date is not the same as X-Amz-Date.`);
  if (service !== 's3')
    throw new S3Error(
      code,
      `Error parsing the Credential; incorrect service "${service}". This endpoint belongs to "s3".`,
    );
  if (region !== identity.region)
    throw new S3Error(
      code,
      `Error parsing the Credential; the region '${region}' is wrong; expecting '${identity.region}'`,
      {
        details: { Region: identity.region },
      },
    );
}

function checkTime(claim: Claim, now: number): void {
  if (claim.expiresAt === undefined) {
    if (Math.abs(now - claim.signedAt) > MAX_CLOCK_SKEW_MS)
      throw new S3Error(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          details: {
            RequestTime: claim.timestamp,
            ServerTime: new Date(now).toISOString(),
            MaxAllowedSkewMilliseconds: String(MAX_CLOCK_SKEW_MS),
          },
        },
      );
    return;
  }
  if (claim.signedAt - now > MAX_CLOCK_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not valid yet');
  if (now > claim.expiresAt)
    throw new S3Error('AccessDenied', 'Request has expired', {
      details: { Expires: new Date(claim.expiresAt).toISOString(), ServerTime: new Date(now).toISOString() },
    });
}

/** The host and every x-amz-* header must be signed, or whoever carries the request could change what it means. */
function checkSignedHeaders(request: S3Request, claim: Claim): void {
  const unsigned = request.headerNames.filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  );
  // Covered all the same: its value stands in the canonical request as the payload hash.
  const exempt = new Set(['x-amz-content-sha256']);
  const missing = unsigned.filter((name) => !exempt.has(name));
  if (!claim.signedHeaders.includes('host') || missing.length > 0)
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      details: { HeadersNotSigned: missing.join(', ') || 'host' },
    });
}

function checkSignature(request: S3Request, claim: Claim, key: Uint8Array): void {
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: request.query.filter(([name]) => claim.expiresAt === undefined || name !== 'X-Amz-Signature'),
    headers: claim.signedHeaders.map((name) => [name, request.header(name) ?? ''] as const),
    payloadHash: claim.payloadHash,
  });
  const text = stringToSign(claim.timestamp, claim.scope, canonical);
  if (timingSafeEqual(Buffer.from(sign(key, text)), Buffer.from(claim.signature))) return;
  throw new S3Error(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      details: {
        AWSAccessKeyId: claim.accessKeyId,
        StringToSign: text,
        SignatureProvided: claim.signature,
        CanonicalRequest: canonical,
      },
    },
  );
}

function payloadOf(claim: Claim, key: Uint8Array): Payload {
  const signer = { key, timestamp: claim.timestamp, scope: claim.scope, seed: claim.signature };
  switch (claim.payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', trailer: true };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', trailer: false, signer };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', trailer: true, signer };
  }
  if (/^[0-9a-f]{64}$/.test(claim.payloadHash)) return { kind: 'hashed', sha256: claim.payloadHash };
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    { details: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: claim.payloadHash } },
  );
}
