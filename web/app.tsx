import { useEffect } from 'react'
import { ArtifactPage } from './pages/artifact-page.tsx'
import { ArtifactsPage } from './pages/artifacts-page.tsx'
import { ChannelsPage } from './pages/channels-page.tsx'
import { ConsolePage } from './pages/console-page.tsx'
import { HostPage } from './pages/host-page.tsx'
import { HostRulesPage } from './pages/host-rules-page.tsx'
import { HostsPage } from './pages/hosts-page.tsx'
import { InstancePage } from './pages/instance-page.tsx'
import { InstancesPage } from './pages/instances-page.tsx'
import { NetworkPage } from './pages/network-page.tsx'
import { NetworksPage } from './pages/networks-page.tsx'
import { SignInPage } from './pages/sign-in-page.tsx'
import { StackPage } from './pages/stack-page.tsx'
import { StacksPage } from './pages/stacks-page.tsx'
import { UnknownPage } from './pages/unknown-page.tsx'
import { usePathname } from './shared/router.tsx'
import { type Route, routeOf, titleOf } from './shared/routes.ts'
import { Server } from './shared/server.tsx'
import { session } from './shared/session.ts'
import { TopBar } from './shared/top-bar.tsx'
import { useStore } from './shared/use-store.ts'

export function App() {
  const current = useStore(session)
  const route = routeOf(usePathname())
  const title = titleOf(route)
  useEffect(() => {
    document.title = title
  }, [title])
  if (current.state !== 'signed-in') return <SignInPage session={current} />
  return (
    <Server token={current.token} who={current.who}>
      <TopBar who={current.who} page={route.page} />
      <RoutePage route={route} />
    </Server>
  )
}

function RoutePage({ route }: { route: Route }) {
  switch (route.page) {
    case 'hosts':
      return <HostsPage />
    case 'host':
      return <HostPage key={route.name} name={route.name} />
    case 'channels':
      return <ChannelsPage />
    case 'artifacts':
      return <ArtifactsPage />
    case 'artifact':
      return <ArtifactPage key={route.repository} repository={route.repository} />
    case 'instances':
      return <InstancesPage />
    case 'instance':
      return <InstancePage key={route.name} name={route.name} />
    case 'console':
      return <ConsolePage key={route.name} name={route.name} />
    case 'stacks':
      return <StacksPage />
    case 'stack':
      return <StackPage key={route.name} name={route.name} />
    case 'networks':
      return <NetworksPage />
    case 'network':
      return <NetworkPage key={route.name} name={route.name} />
    case 'host-rules':
      return <HostRulesPage key={route.name} name={route.name} />
    case 'unknown':
      return <UnknownPage />
  }
}
