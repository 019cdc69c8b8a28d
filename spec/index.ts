/**
 * The pure specs: models, families of problems and training recipes, with the verbs that need no numbers.
 */
export * as Dim from './dim'
export * as Family from './family'
export * as FamilyJson from './family-json'
export * as Infer from './infer'
export * as Json from './json'
export * as L from './layer'
export * as M from './model'
export * as Parameter from './parameter'
export * as Recipe from './recipe'
export * as RecipeJson from './recipe-json'
export * as T from './token'
export * as Tree from './tree'
export * as W from './weight'
export * as Zoo from './zoo'
