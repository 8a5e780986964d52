/** The pages, and the addresses at which they stand. */
export type Route =
  | { page: 'hosts' }
  | { page: 'host'; name: string }
  | { page: 'channels' }
  | { page: 'artifacts' }
  | { page: 'artifact'; repository: string }
  | { page: 'instances' }
  | { page: 'instance'; name: string }
  | { page: 'console'; name: string }
  | { page: 'stacks' }
  | { page: 'stack'; name: string }
  | { page: 'networks' }
  | { page: 'network'; name: string }
  | { page: 'host-rules'; name: string }
  | { page: 'unknown' }

export const addressOf = {
  hosts: '/',
  host: (name: string) => `/hosts/${name}`,
  channel: (name: string) => `/?channel=${name}`,
  channels: '/channels',
  artifacts: '/artifacts',
  artifact: (repository: string) => `/artifacts/${repository}`,
  instances: '/instances',
  instancesOf: (stack: string) => `/instances?stack=${stack}`,
  instance: (name: string) => `/instances/${name}`,
  console: (name: string) => `/instances/${name}/console`,
  stacks: '/stacks',
  stack: (name: string) => `/stacks/${name}`,
  networks: '/networks',
  network: (name: string) => `/networks/${name}`,
  hostRules: (name: string) => `/hosts/${name}/rules`,
} as const

/** Names of hosts, instances, stacks and repositories have no character that an address would escape. */
export function routeOf(pathname: string): Route {
  const [first = '', ...rest] = pathname.split('/').filter((part) => part !== '')
  const name = rest.join('/')
  if (first === '' || (first === 'hosts' && name === '')) return { page: 'hosts' }
  if (first === 'hosts') return hostRoute(rest)
  if (first === 'channels' && name === '') return { page: 'channels' }
  if (first === 'artifacts') return name === '' ? { page: 'artifacts' } : { page: 'artifact', repository: name }
  if (first === 'instances') return instanceRoute(rest)
  if (first === 'stacks' && rest.length < 2) return name === '' ? { page: 'stacks' } : { page: 'stack', name }
  if (first === 'networks' && rest.length < 2) return name === '' ? { page: 'networks' } : { page: 'network', name }
  return { page: 'unknown' }
}

function hostRoute([name = '', part, ...more]: string[]): Route {
  if (part === undefined) return { page: 'host', name }
  return part === 'rules' && more.length === 0 ? { page: 'host-rules', name } : { page: 'unknown' }
}

function instanceRoute([name, part, ...more]: string[]): Route {
  if (name === undefined) return { page: 'instances' }
  if (part === undefined) return { page: 'instance', name }
  return part === 'console' && more.length === 0 ? { page: 'console', name } : { page: 'unknown' }
}

export function titleOf(route: Route): string {
  switch (route.page) {
    case 'hosts':
      return 'Hosts · Slipway'
    case 'instances':
      return 'Instances · Slipway'
    case 'stacks':
      return 'Stacks · Slipway'
    case 'console':
      return `Console of ${route.name} · Slipway`
    case 'networks':
      return 'Networks · Slipway'
    case 'host-rules':
      return `Rules of ${route.name} · Slipway`
    case 'host':
    case 'instance':
    case 'network':
    case 'stack':
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
