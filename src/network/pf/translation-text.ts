/** What can be told of a translation rule by the text that PF lists it with. */
export interface TranslationFacts {
  kind: 'nat' | 'rdr' | 'binat'
  /** The address, prefix or table of those inside, and what they are called outside: "10.0.0.11" and "192.0.2.51". */
  internal: string
  external: string
}

const host = String.raw`(! )?(\{[^}]*\}|\S+(?: - \S+)?)(?: port (?:(?:=|!=|<|<=|>|>=) \S+|\S+(?: (?:><|<>) \S+)?))?`
const form = new RegExp(
  String.raw`^(nat|rdr|binat) (?:pass )?(?:log(?: \([^)]*\))? )?(?:on (?:! )?\S+ )?(?:inet6? )?(?:proto \S+ )?(?:all|from ${host} to ${host})(?: (?:tag|! tagged|tagged) \S+)* -> (\{[^}]*\}|\S+(?: - \S+)?)`,
)

/** Undefined for what is none: exceptions (`no nat`), and calls of anchors. */
export function readTranslation(text: string): TranslationFacts | undefined {
  const [, kind, notFrom, from = 'any', notTo, to = 'any', target] = form.exec(text) ?? []
  if (kind === undefined || target === undefined) return undefined
  const source = `${notFrom === undefined ? '' : '!'}${from}`
  const destination = `${notTo === undefined ? '' : '!'}${to}`
  return kind === 'rdr'
    ? { kind: 'rdr', internal: target, external: destination }
    : { kind: kind as 'nat' | 'binat', internal: source, external: target }
}
