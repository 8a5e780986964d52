import { parseSync, Visitor } from 'oxc-parser'

/** One import of a file, written in any of the ways there are. */
export interface Import {
  specifier: string
  /** Nothing of it remains at run time. */
  typeOnly: boolean
  /** The names that it takes at run time; '*' for all of them. */
  names: string[]
}

/** What a file of TypeScript or JavaScript reaches for. */
export interface Source {
  /** Every import and re-export, but those whose specifier is computed. */
  imports: Import[]
  /** Every `object.property` whose object is a plain name: "process.env". */
  members: Set<string>
}

/** @throws Error when the file cannot be parsed */
export function readSource(file: string, text: string): Source {
  const { program, errors } = parseSync(file, text)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const imports: Import[] = []
  const members = new Set<string>()
  const add = (specifier: string, kind: string | undefined, names: string[]) =>
    imports.push({ specifier, typeOnly: kind === 'type', names })
  new Visitor({
    ImportDeclaration({ source, importKind, specifiers }) {
      const values = specifiers.filter((it) => it.type !== 'ImportSpecifier' || it.importKind !== 'type')
      const names = values.map((it) => (it.type === 'ImportSpecifier' ? nameOf(it.imported) : '*'))
      add(source.value, importKind, importKind === 'type' ? [] : names)
    },
    ExportNamedDeclaration({ source, exportKind, specifiers }) {
      const names = specifiers.map(({ local }) => nameOf(local))
      if (source) add(source.value, exportKind, names)
    },
    ExportAllDeclaration({ source, exportKind }) {
      add(source.value, exportKind, ['*'])
    },
    ImportExpression({ source }) {
      if (source.type === 'Literal' && typeof source.value === 'string') add(source.value, undefined, ['*'])
    },
    MemberExpression({ object, property, computed }) {
      if (object.type === 'Identifier' && property.type === 'Identifier' && !computed)
        members.add(`${object.name}.${property.name}`)
    },
  }).visit(program)
  return { imports, members }
}

function nameOf(name: { name?: string; value?: unknown }): string {
  return name.name ?? String(name.value)
}
