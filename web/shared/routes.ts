/** The pages, and the addresses at which they stand. */
export type Route =
  | { page: 'hosts' }
  | { page: 'host'; name: string }
  | { page: 'channels' }
  | { page: 'artifacts' }
  | { page: 'artifact'; repository: string }
  | { page: 'unknown' }

export const addressOf = {
  hosts: '/',
  host: (name: string) => `/hosts/${name}`,
  channel: (name: string) => `/?channel=${name}`,
  channels: '/channels',
  artifacts: '/artifacts',
  artifact: (repository: string) => `/artifacts/${repository}`,
} as const

/** Names of hosts and repositories have no character that an address would escape. */
export function routeOf(pathname: string): Route {
  const [first = '', ...rest] = pathname.split('/').filter((part) => part !== '')
  const name = rest.join('/')
  if (first === '' || (first === 'hosts' && name === '')) return { page: 'hosts' }
  if (first === 'hosts' && rest.length === 1) return { page: 'host', name }
  if (first === 'channels' && name === '') return { page: 'channels' }
  if (first === 'artifacts') return name === '' ? { page: 'artifacts' } : { page: 'artifact', repository: name }
  return { page: 'unknown' }
}

export function titleOf(route: Route): string {
  switch (route.page) {
    case 'hosts':
      return 'Hosts · Slipway'
    case 'host':
      return `${route.name} · Slipway`
    case 'channels':
      return 'Channels · Slipway'
    case 'artifacts':
      return 'Artifacts · Slipway'
    case 'artifact':
      return `${route.repository} · Slipway`
    case 'unknown':
      return 'Not found · Slipway'
  }
}
