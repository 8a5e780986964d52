/** The default routes of a machine. */
export interface Routes {
  inet: DefaultRoute | undefined
  inet6: DefaultRoute | undefined
}

export interface DefaultRoute {
  gateway: string
  interface: string
}
