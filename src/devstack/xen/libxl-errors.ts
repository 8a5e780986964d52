import { Refused } from '../tools/refused.ts'

/** What libxl says on stderr; line numbers and spelling are those of Xen 4.17. */
export function libxlError(place: string, domid: number | undefined, text: string): string {
  return `libxl: error: ${place}: ${domid === undefined ? '' : `Domain ${domid}:`}${text}`
}

/** What it says when a domain that it wants to destroy is not there. */
export function notThere(domid: number): string[] {
  return [
    libxlError('libxl_domain.c:1183:libxl__destroy_domid', domid, 'Non-existant domain'),
    libxlError('libxl_domain.c:1137:domain_destroy_callback', domid, 'Unable to destroy guest'),
    libxlError('libxl_domain.c:1064:domain_destroy_cb', domid, 'Destruction of domain failed'),
  ]
}

/** A creation that failed: what was made is destroyed again, and the number of the domain is used up. */
export function createFailed(domid: number, ...lines: string[]): Refused {
  return new Refused(3, ...lines, ...notThere(domid))
}

export function rebuildFailed(domid: number): string {
  return libxlError('libxl_create.c:1640:domcreate_rebuild_done', domid, 'cannot (re-)build domain: -3')
}
