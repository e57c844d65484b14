import { S3Error, type S3ErrorCode } from './errors.ts';
import { MAX_PRESIGNED_SECONDS } from './limits.ts';
import type { S3Request } from './request.ts';
import type { Scope } from './signature.ts';

/** Who a request says it comes from, still to be proved. */
export interface Claim {
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** YYYYMMDD'T'HHMMSS'Z' */
  readonly timestamp: string;
  readonly signedAt: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payloadHash: string;
  /** Milliseconds since the epoch; absent for a signature in the header. */
  readonly expiresAt?: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** Reads the Authorization header or the presigned parameters. Throws AccessDenied where there is neither. */
export function readClaim(request: S3Request): Claim {
  const header = request.header('authorization');
  const presigned = request.parameter('X-Amz-Signature') ?? request.parameter('X-Amz-Algorithm');
  if (header !== undefined && presigned !== undefined)
    throw new S3Error(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    );
  if (
    request.header('x-amz-security-token') !== undefined ||
    request.parameter('X-Amz-Security-Token') !== undefined
  )
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  if (header !== undefined) return headerClaim(request, header);
  if (presigned !== undefined) return presignedClaim(request);
  throw new S3Error('AccessDenied', 'Access Denied');
}

function headerClaim(request: S3Request, header: string): Claim {
  const code = 'AuthorizationHeaderMalformed';
  if (!header.startsWith(`${ALGORITHM} `))
    throw new S3Error('InvalidArgument', 'Unsupported Authorization Type', {
      details: { ArgumentName: 'Authorization', ArgumentValue: header.split(' ')[0] ?? '' },
    });
  const fields = new Map(
    header
      .slice(ALGORITHM.length)
      .split(',')
      .map((field) => {
        const [name = '', value = ''] = field.trim().split(/=(.*)/s);
        return [name, value] as const;
      }),
  );
  const timestamp = request.header('x-amz-date');
  if (timestamp === undefined)
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  const payloadHash = request.header('x-amz-content-sha256');
  if (payloadHash === undefined)
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  return {
    ...credential(code, fields.get('Credential') ?? ''),
    ...time(timestamp, 'AccessDenied'),
    ...proof(code, fields.get('SignedHeaders') ?? '', fields.get('Signature') ?? ''),
    payloadHash,
  };
}

function presignedClaim(request: S3Request): Claim {
  const code = 'AuthorizationQueryParametersError';
  const parameter = (name: string): string => {
    const value = request.parameter(name);
    if (value !== undefined) return value;
    throw new S3Error(
      code,
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  };
  if (parameter('X-Amz-Algorithm') !== ALGORITHM)
    throw new S3Error(code, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  const moment = time(parameter('X-Amz-Date'), code);
  const expires = parameter('X-Amz-Expires');
  if (!/^[0-9]{1,9}$/.test(expires)) throw new S3Error(code, 'X-Amz-Expires should be a number');
  if (Number(expires) > MAX_PRESIGNED_SECONDS)
    throw new S3Error(
      code,
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_PRESIGNED_SECONDS} seconds`,
    );
  return {
    ...credential(code, parameter('X-Amz-Credential')),
    ...moment,
    ...proof(code, parameter('X-Amz-SignedHeaders'), parameter('X-Amz-Signature')),
    payloadHash:
      request.header('x-amz-content-sha256') ?? request.parameter('X-Amz-Content-Sha256') ?? UNSIGNED,
    expiresAt: moment.signedAt + Number(expires) * 1000,
  };
}

function credential(code: S3ErrorCode, text: string): Pick<Claim, 'accessKeyId' | 'scope'> {
  const [accessKeyId, date, region, service, terminator, ...rest] = text.split('/');
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || rest.length > 0)
    throw new S3Error(
      code,
      'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  return { accessKeyId, scope: { date, region, service } };
}

function time(timestamp: string, code: S3ErrorCode): Pick<Claim, 'timestamp' | 'signedAt'> {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  const [, year, month, day, hour, minute, second] = match ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(signedAt))
    throw new S3Error(code, "The date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  return { timestamp, signedAt };
}

function proof(
  code: S3ErrorCode,
  signedHeaders: string,
  signature: string,
): Pick<Claim, 'signedHeaders' | 'signature'> {
  const names = signedHeaders.split(';');
  if (!names.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)))
    throw new S3Error(code, 'SignedHeaders must list header names in lower case, separated by semicolons.');
  if (!/^[0-9a-f]{64}$/.test(signature))
    throw new S3Error(code, 'The Signature must be 64 lower-case hexadecimal digits.');
  return { signedHeaders: names, signature };
}
