import classes from './labels.module.css'

export function Labels({ labels }: { labels: Readonly<Record<string, string>> }) {
  const entries = Object.entries(labels)
  if (entries.length === 0) return null
  return (
    <ul className={classes.labels} aria-label="Labels">
      {entries.map(([key, value]) => (
        <li key={key}>
          <span>{key}</span>
          {value && `=${value}`}
        </li>
      ))}
    </ul>
  )
}
