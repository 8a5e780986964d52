import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

const moved = new EventTarget()

/** Goes to another page. `replace` keeps the entry of the history, for what a reader would not call a step (typing a filter). */
export function navigate(address: string, { replace = false }: { replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, '', address)
  else {
    history.pushState(null, '', address)
    scrollTo(0, 0)
  }
  moved.dispatchEvent(new Event('move'))
}

export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => location.pathname)
}

/** The query of the address, with its question mark. */
export function useQuery(): string {
  return useSyncExternalStore(subscribe, () => location.search)
}

function subscribe(listener: () => void): () => void {
  moved.addEventListener('move', listener)
  addEventListener('popstate', listener)
  return () => {
    moved.removeEventListener('move', listener)
    removeEventListener('popstate', listener)
  }
}

/** A link within the page. A click with a modifier key does what the browser does with any link. */
export function Link({ href, ...props }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(href)
  }
  return <a href={href} onClick={follow} {...props} />
}
