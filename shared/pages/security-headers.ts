import type { Site } from './site.ts';

/** What a page may do: run the site's own scripts, and speak to the shop, its data and the chain's servers. Nothing else. */
export function contentSecurityPolicy(site: Pick<Site, 'shopUrl' | 'dataUrl' | 'chainUrls'>): string {
  const servers = [site.shopUrl, site.dataUrl, ...site.chainUrls];
  const directives: Readonly<Record<string, readonly string[]>> = {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'worker-src': ["'self'"],
    'style-src': ["'self'"],
    // The QR code of a deposit is drawn by the page itself.
    'img-src': ["'self'", 'data:'],
    // Addresses that end in a slash allow what is below them.
    'connect-src': ["'self'", ...new Set(servers.map((server) => `${server}/`))],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  };
  return Object.entries(directives)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
}

/** Two years, as browsers' own lists ask for (hstspreload.org). */
export const TRANSPORT_SECURITY_SECONDS = 63_072_000;

/** The other headers, the same here and there. */
export const PAGE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
} as const;
