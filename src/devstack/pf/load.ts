import { AppError } from '../../contract/errors.ts'
import { expand } from '../../rules/pf/expand.ts'
import { listRule } from '../../rules/pf/list.ts'
import { parseRuleset } from '../../rules/pf/parse.ts'
import type { Ruleset } from '../../rules/pf/rule.ts'
import { refuseReserved } from './flush.ts'
import { Ended, type Session } from './pfctl-session.ts'
import type { ReadFile } from './table-command.ts'

/** The longest path of an anchor that can be loaded. */
const longestAnchor = 63

/**
 * `pfctl -f …`: reads a ruleset and puts it into its anchor in one step, or with -n only reads it. @throws Ended when the text is wrong, or when the
 * kernel refuses: then nothing has changed
 * @param busy whether another program changes rules at the same time
 */
export async function loadRules(
  file: string,
  session: Session,
  readFile: ReadFile,
  busy: () => boolean,
): Promise<void> {
  const { kernel, anchor, options, say } = session
  const dry = options.flags.has('n')
  refuseReserved(anchor)
  if (anchor.length > longestAnchor) throw new Ended(1, 'pfctl: pfctl_rules: strlcpy')
  if (session.forbidden && !dry)
    throw new Ended(1, 'pfctl: pfctl_rules', 'pfctl: DIOCXROLLBACK: Operation not permitted')
  const notLoaded = dry ? [] : ['pfctl: Syntax error in config file: pf rules not loaded']
  const text = await readFile(file).catch((error: Error) => {
    const why = error.message
    throw new Ended(
      1,
      `pfctl: pushfile: ${file}: ${why}`,
      `pfctl: cannot open the main config file!: ${why}`,
      ...notLoaded,
    )
  })
  const ruleset = read(text, file === '-' ? 'stdin' : file, notLoaded)
  if (session.verbosity > 0) listLoaded(session, ruleset)
  if (dry) return
  if (busy()) throw new Ended(1, 'pfctl: DIOCXCOMMIT: Device busy')
  kernel.load(anchor, part(session, ruleset))
  say(...collisions(session, ruleset))
}

function read(text: string, name: string, notLoaded: readonly string[]): Ruleset {
  try {
    return parseRuleset(text, { file: name })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new Ended(1, ...error.message.split('\n'), ...notLoaded)
  }
}

/** With -N, or -R, only one class of what was read takes the place of what is there. */
function part({ kernel, anchor, options }: Session, read: Ruleset): Ruleset {
  const [onlyNat, onlyFilter] = [options.flags.has('N'), options.flags.has('R')]
  const { options: set, ...rules } = read
  if (onlyNat === onlyFilter) return anchor === '' ? read : rules
  const { filter, scrub = [], translation, options: kept = [] } = kernel.ruleset(anchor)
  const both = { tables: [], options: kept }
  return onlyNat
    ? { ...both, scrub, filter, translation: rules.translation }
    : { ...both, translation, filter: rules.filter, scrub: rules.scrub ?? [] }
}

function listLoaded({ print, options }: Session, { translation, filter }: Ruleset): void {
  for (const rule of [...translation, ...filter].flatMap((written) => expand(written)))
    print(listRule(rule, { numeric: options.flags.has('P') }))
}

/** Warnings of tables that have the name of another one: FreeBSD 15 looks at all anchors, before that at the main ruleset only. */
function collisions({ kernel, anchor }: Session, { tables }: Ruleset): string[] {
  if (anchor === '') return []
  const others = kernel.anchors().filter((path) => path !== anchor)
  return tables.flatMap(({ name }) => {
    if (kernel.major < 15)
      return kernel.table('', name) ? [`pfctl: warning: namespace collision with <${name}> global table.`] : []
    const other = others.find((path) => kernel.table(path, name) !== undefined)
    return other === undefined ? [] : [`pfctl: warning: table <${name}> already defined in anchor "${other}"`]
  })
}
