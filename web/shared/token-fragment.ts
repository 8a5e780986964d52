/** The token in the fragment of an address. */
export function tokenOf(fragment: string): string | undefined {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token')?.trim() || undefined
}
