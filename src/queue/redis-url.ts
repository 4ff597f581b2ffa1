import type { RedisOptions } from 'ioredis';

/** Where Redis is, as read from `REDIS_URL`. */
export type RedisPlace =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'sentinel'; readonly options: RedisOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[]; readonly options: RedisOptions };

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const SEVERAL = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([^/?]*))?(?:\/(\d+))?\/?$/;

/**
 * Reads the forms of `REDIS_URL`; with `rediss` in place of `redis`, the connection to Redis is encrypted:
 *
 * - `redis://user:password@host:6379/0`
 * - `redis+sentinel://user:password@host:26379,host:26379/master-name/0`
 * - `redis+cluster://user:password@host:6379,host:6379`
 *
 * User and password are those of Redis, percent-encoded; sentinels are asked without.
 * @throws Error that shows the forms, without the URL (it may hold a password).
 */
export function parseRedisUrl(url: string): RedisPlace {
  if (/^rediss?:\/\/[^/]/.test(url) && URL.canParse(url)) return { kind: 'single', url };
  const [, scheme, form, login, list = '', master, db] = SEVERAL.exec(url) ?? [];
  const options = { ...credentials(login), ...(scheme === 'rediss' && { tls: {} }) };
  const hosts = list.split(',');
  if (hosts.every((host) => URL.canParse(`tcp://${host}`))) {
    if (form === 'cluster' && !master) return { kind: 'cluster', nodes: places(hosts, 6379), options };
    if (form === 'sentinel' && master) {
      const place = { sentinels: places(hosts, 26_379), name: master, db: Number(db ?? 0) };
      return { kind: 'sentinel', options: { ...options, ...place } };
    }
  }
  throw new Error(
    'REDIS_URL must be redis://host:port/db, redis+sentinel://host:port,host:port/master-name or ' +
      'redis+cluster://host:port,host:port (rediss… for TLS)',
  );
}

function credentials(login: string | undefined): Pick<RedisOptions, 'username' | 'password'> {
  if (!login) return {};
  const colon = login.indexOf(':');
  const [username, password] = colon < 0 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

function places(hosts: readonly string[], defaultPort: number): HostAndPort[] {
  return hosts.map((entry) => {
    const { hostname, port } = new URL(`tcp://${entry}`);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? defaultPort : Number(port) };
  });
}
