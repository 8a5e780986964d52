import { contains, parseAddress, parseRange, type Range } from '../address.ts'

/** As many answers are remembered; then all are forgotten. */
const remembered = 65_536

/**
 * Addresses and prefixes, as a table of PF has them: the most particular entry decides, and one with "!" before it says no. What is asked is
 * remembered, because the same few addresses are asked about again and again.
 */
export class AddressSet {
  #entries: readonly string[] = []
  readonly #hosts = new Map<string, boolean>()
  /** The longest first. */
  #prefixes: { range: Range; within: boolean }[] = []
  readonly #answers = new Map<string, boolean>()

  constructor(entries: readonly string[]) {
    this.replace(entries)
  }

  get entries(): readonly string[] {
    return this.#entries
  }

  replace(entries: readonly string[]): void {
    this.#entries = [...entries]
    this.#hosts.clear()
    this.#answers.clear()
    this.#prefixes = []
    for (const entry of entries) {
      const within = !entry.startsWith('!')
      const text = within ? entry : entry.slice(1).trim()
      const range = parseRange(text)
      if (range) this.#prefixes.push({ range, within })
      else this.#hosts.set(text, within)
    }
    this.#prefixes.sort((a, b) => b.range.prefixLength - a.range.prefixLength)
  }

  /** `address` is in its canonical form. */
  has(address: string): boolean {
    const known = this.#hosts.get(address)
    if (known !== undefined) return known
    if (this.#prefixes.length === 0) return false
    const answered = this.#answers.get(address)
    if (answered !== undefined) return answered
    const answer = this.#look(address)
    if (this.#answers.size >= remembered) this.#answers.clear()
    this.#answers.set(address, answer)
    return answer
  }

  #look(text: string): boolean {
    const address = parseAddress(text)
    return (address && this.#prefixes.find(({ range }) => contains(range, address))?.within) ?? false
  }
}
