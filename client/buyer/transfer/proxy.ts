import { BuyerError } from '../errors.ts';

/** The variables that name a proxy, as curl reads them (https://everything.curl.dev/usingcurl/proxies/env.html). */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a server, if the environment names one.
 * @throws BuyerError usage where it is not an http:// address
 */
export function proxyFor(server: URL, environment: ProxyEnvironment): URL | undefined {
  const name = server.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const text = variable(environment, name);
  if (!text || isExempt(server, variable(environment, 'no_proxy') ?? '')) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  if (URL.canParse(address) && new URL(address).protocol === 'http:') return new URL(address);
  // Not the address itself: it may hold a password.
  throw new BuyerError('usage', `${name.toUpperCase()} does not name an http:// proxy.`, {
    next: 'Set it to http://host:port, or unset it.',
  });
}

/** What proves to a proxy who asks, if its address has a name in it. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function variable(environment: ProxyEnvironment, name: string): string | undefined {
  return environment[name] || environment[name.toUpperCase()];
}

/** `*`, or names of hosts and of domains with all their hosts, with or without a port. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const serverPort = port || (protocol === 'https:' ? '443' : '80');
  const host = hostname.replace(/^\[|\]$/g, '');
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    // An IPv6 address without brackets matches nothing here and is taken as it is.
    const [, bracketed, name, entryPort] = /^(?:\[(.*)\]|([^:]*))(?::([0-9]{1,5}))?$/.exec(entry) ?? [];
    const domain = (bracketed ?? name ?? entry).toLowerCase().replace(/^\*?\./, '');
    if (domain === '' || (entryPort !== undefined && entryPort !== serverPort)) return false;
    return host === domain || host.endsWith(`.${domain}`);
  });
}
