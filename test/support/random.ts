import fc from 'fast-check'

/** Random choices that a seed repeats. */
export interface Random {
  /** From 0 to `below` - 1. */
  integer(below: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly T[]): T
  /** Some of them, each with this probability, in their order. */
  some<T>(choices: readonly T[], probability: number): T[]
  shuffled<T>(items: readonly T[]): T[]
}

/** Marsaglia's xorshift of 32 bits (2003), with a start that is never 0. */
export function randomOf(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5) >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
  // The first numbers of neighbouring seeds are alike.
  for (let turn = 0; turn < 8; turn++) next()
  const integer = (below: number) => Math.floor(next() * below)
  return {
    integer,
    chance: (probability) => next() < probability,
    pick: (choices) => {
      if (choices.length === 0) throw new RangeError('nothing to choose from')
      return choices[integer(choices.length)] as (typeof choices)[number]
    },
    some: (choices, probability) => choices.filter(() => next() < probability),
    shuffled: (items) => {
      const all = [...items]
      for (let last = all.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        ;[all[last], all[other]] = [all[other] as (typeof all)[0], all[last] as (typeof all)[0]]
      }
      return all
    },
  }
}

/** Choices that fast-check makes, so that what breaks a law is made smaller before it is shown. */
function randomOfGenerator(generate: fc.GeneratorValue): Random {
  const integer = (below: number) => generate(fc.nat, { max: below - 1 })
  const chance = (probability: number) => generate(fc.nat, { max: 999 }) >= 1000 - probability * 1000
  return {
    integer,
    chance,
    pick: (choices) => {
      if (choices.length === 0) throw new RangeError('nothing to choose from')
      return choices[integer(choices.length)] as (typeof choices)[number]
    },
    some: (choices, probability) => choices.filter(() => chance(probability)),
    shuffled: (items) =>
      generate(fc.shuffledSubarray, [...items], { minLength: items.length }) as (typeof items)[number][],
  }
}

/** Checks that a law holds whatever is chosen; the same choices each time. @param law throws when it does not hold */
export function checkLaw(numRuns: number, law: (random: Random) => void): void {
  fc.assert(
    fc.property(fc.gen(), (generate) => law(randomOfGenerator(generate))),
    { numRuns, seed: 20_161_122 },
  )
}
