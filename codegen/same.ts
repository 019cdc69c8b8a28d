/** Lists that stay the same objects where nothing in them changes, so that a pass that changes nothing is seen at once. */

/** `f` of every item; the list itself where `f` changes none. */
export const mapSame = <A>(items: readonly A[], f: (item: A) => A): readonly A[] => {
  let changed = false
  const mapped = items.map((item) => {
    const to = f(item)
    changed ||= to !== item
    return to
  })
  return changed ? mapped : items
}

/** The items that `keep` keeps; the list itself where it keeps all. */
export const filterSame = <A>(items: readonly A[], keep: (item: A, at: number) => boolean): readonly A[] => {
  const kept = items.filter(keep)
  return kept.length === items.length ? items : kept
}
