import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Part as StoredPart, Offer as StoredOffer } from '../domain/part.ts';
import type { Freshness as KnownFreshness } from '../domain/freshness.ts';
import type { SupplierParent, RefreshResultParent } from './parents.ts';
import type { AvailabilityView, OfferStockView, LevelView } from '../inventory/availability.ts';
import type { StockChange as StoredChange } from '../domain/change.ts';
import type { ChangeGap } from '../inventory/change-feed.ts';
import type { Quantity } from '../domain/quantity.ts';
import type { RefreshJobView } from '../inventory/refresh-jobs.ts';
import type { SupplierQuota as KnownQuota, WindowQuota, LaneQuota, LaneReserve } from '../outbound/quota.ts';
import type { StrikesLeft } from '../outbound/strikes.ts';
import type { StatedRemainder } from '../outbound/budget.ts';
import type { RequestContext } from './context.ts';
export type Maybe<T> = T extends PromiseLike<infer U> ? Promise<U | null> : T | null;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  DateTime: { input: number; output: number; }
  Duration: { input: number; output: number; }
  NonNegativeInt: { input: number; output: number; }
  UUID: { input: string; output: string; }
};

export type Availability = {
  readonly __typename?: 'Availability';
  readonly freshness: Freshness;
  readonly levels: ReadonlyArray<StockLevel>;
  readonly quantity: Maybe<Scalars['NonNegativeInt']['output']>;
  readonly quantityIsAtLeast: Scalars['Boolean']['output'];
  readonly state: StockState;
};

export type BrandPartInput = {
  readonly brand: Scalars['String']['input'];
  readonly partNumber: Scalars['String']['input'];
};

export type CallLane =
  | 'BACKFILL'
  | 'CHECKOUT'
  | 'FORCED'
  | 'INTERACTIVE'
  | 'SCHEDULED';

export type ChangeCause =
  | 'FORCED'
  | 'REDRIVE'
  | 'REFRESH'
  | 'SYNC'
  | 'WEBHOOK';

export type ChangedQuantity = {
  readonly __typename?: 'ChangedQuantity';
  readonly quality: QuantityQuality;
  readonly quantity: Maybe<Scalars['NonNegativeInt']['output']>;
};

export type DataOrigin =
  | 'CACHE'
  | 'COPY'
  | 'LIVE';

export type Freshness = {
  readonly __typename?: 'Freshness';
  readonly age: Maybe<Scalars['Duration']['output']>;
  readonly observedAt: Maybe<Scalars['DateTime']['output']>;
  readonly origin: DataOrigin;
  readonly reason: Maybe<StaleReason>;
  readonly retryAt: Maybe<Scalars['DateTime']['output']>;
  readonly sourceAsOf: Maybe<Scalars['DateTime']['output']>;
  readonly status: FreshnessStatus;
};

export type FreshnessInput = {
  readonly maxAge?: InputMaybe<Scalars['Duration']['input']>;
  readonly onStale: OnStale;
  readonly waitUpTo?: InputMaybe<Scalars['Duration']['input']>;
};

export type FreshnessStatus =
  | 'EXPIRED'
  | 'FRESH'
  | 'NEVER_SEEN'
  | 'STALE';

export type JobState =
  | 'DONE'
  | 'FAILED'
  | 'QUEUED'
  | 'RUNNING';

export type LimitScope =
  | 'ADDRESS'
  | 'CREDENTIAL';

export type Mutation = {
  readonly __typename?: 'Mutation';
  readonly refreshInventory: RefreshInventoryPayload;
};


export type MutationRefreshInventoryArgs = {
  input: RefreshInventoryInput;
};

export type Node = {
  readonly id: Scalars['ID']['output'];
};

export type Offer = Node & {
  readonly __typename?: 'Offer';
  readonly id: Scalars['ID']['output'];
  readonly listed: Scalars['Boolean']['output'];
  readonly packQuantity: Scalars['NonNegativeInt']['output'];
  readonly part: Maybe<Part>;
  readonly stock: Maybe<OfferStock>;
  readonly supplier: Supplier;
  readonly supplierPartNumber: Scalars['String']['output'];
  readonly title: Maybe<Scalars['String']['output']>;
};


export type OfferStockArgs = {
  freshness?: InputMaybe<FreshnessInput>;
};

export type OfferStock = {
  readonly __typename?: 'OfferStock';
  readonly freshness: Freshness;
  readonly levels: ReadonlyArray<StockLevel>;
};

export type OnStale =
  | 'CACHE_ONLY'
  | 'LIVE_REQUIRED'
  | 'SERVE_AND_REVALIDATE'
  | 'WAIT_THEN_SERVE';

export type PageInfo = {
  readonly __typename?: 'PageInfo';
  readonly endCursor: Maybe<Scalars['String']['output']>;
  readonly hasNextPage: Scalars['Boolean']['output'];
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  readonly startCursor: Maybe<Scalars['String']['output']>;
};

export type Part = Node & {
  readonly __typename?: 'Part';
  readonly availability: Maybe<Availability>;
  readonly brand: Scalars['String']['output'];
  readonly discontinued: Scalars['Boolean']['output'];
  readonly id: Scalars['ID']['output'];
  readonly offers: ReadonlyArray<Offer>;
  readonly packQuantity: Scalars['NonNegativeInt']['output'];
  readonly partNumber: Scalars['String']['output'];
  readonly supersededBy: Maybe<Scalars['String']['output']>;
  readonly title: Maybe<Scalars['String']['output']>;
};


export type PartAvailabilityArgs = {
  freshness?: InputMaybe<FreshnessInput>;
};

export type PartBy =
  { readonly brandPart: BrandPartInput; readonly id?: never; readonly supplierPart?: never; }
  |  { readonly brandPart?: never; readonly id: Scalars['ID']['input']; readonly supplierPart?: never; }
  |  { readonly brandPart?: never; readonly id?: never; readonly supplierPart: SupplierPartInput; };

export type PartConnection = {
  readonly __typename?: 'PartConnection';
  readonly edges: ReadonlyArray<PartEdge>;
  readonly nodes: ReadonlyArray<Part>;
  readonly pageInfo: PageInfo;
};

export type PartEdge = {
  readonly __typename?: 'PartEdge';
  readonly cursor: Scalars['String']['output'];
  readonly node: Part;
};

export type PartFilter = {
  readonly brand?: InputMaybe<Scalars['String']['input']>;
  readonly partNumberStartsWith?: InputMaybe<Scalars['String']['input']>;
};

export type QuantityQuality =
  | 'AT_LEAST'
  | 'EXACT'
  | 'SPECIAL_ORDER'
  | 'UNKNOWN';

export type Query = {
  readonly __typename?: 'Query';
  readonly node: Maybe<Node>;
  readonly part: Maybe<Part>;
  readonly parts: PartConnection;
  readonly partsBy: ReadonlyArray<Maybe<Part>>;
  readonly refreshJob: Maybe<RefreshJob>;
  readonly stockChanges: StockChangePage;
  readonly supplierQuota: Maybe<SupplierQuota>;
  readonly suppliers: ReadonlyArray<Supplier>;
};


export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


export type QueryPartArgs = {
  by: PartBy;
};


export type QueryPartsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<PartFilter>;
  first: Scalars['Int']['input'];
};


export type QueryPartsByArgs = {
  by: ReadonlyArray<PartBy>;
};


export type QueryRefreshJobArgs = {
  id: Scalars['ID']['input'];
};


export type QueryStockChangesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<StockFilter>;
  first: Scalars['Int']['input'];
};


export type QuerySupplierQuotaArgs = {
  supplier: Scalars['ID']['input'];
};

export type QuotaLane = {
  readonly __typename?: 'QuotaLane';
  readonly callsLastHour: Scalars['NonNegativeInt']['output'];
  readonly lane: CallLane;
  readonly waiting: Scalars['NonNegativeInt']['output'];
};

export type QuotaRemainder = {
  readonly __typename?: 'QuotaRemainder';
  readonly about: Scalars['String']['output'];
  readonly calls: Scalars['NonNegativeInt']['output'];
  readonly until: Scalars['DateTime']['output'];
};

export type QuotaReserve = {
  readonly __typename?: 'QuotaReserve';
  readonly calls: Scalars['NonNegativeInt']['output'];
  readonly lane: CallLane;
};

export type QuotaStrikes = {
  readonly __typename?: 'QuotaStrikes';
  readonly allowed: Scalars['NonNegativeInt']['output'];
  readonly forgottenAt: Maybe<Scalars['DateTime']['output']>;
  readonly left: Scalars['NonNegativeInt']['output'];
  readonly length: Scalars['Duration']['output'];
  readonly limitName: Scalars['String']['output'];
  readonly onlyCheckoutUntil: Maybe<Scalars['DateTime']['output']>;
};

export type QuotaWindow = {
  readonly __typename?: 'QuotaWindow';
  readonly cautionFactor: Scalars['Float']['output'];
  readonly effective: Scalars['NonNegativeInt']['output'];
  readonly freesAt: Maybe<Scalars['DateTime']['output']>;
  readonly keptBack: ReadonlyArray<QuotaReserve>;
  readonly length: Maybe<Scalars['Duration']['output']>;
  readonly limit: Scalars['NonNegativeInt']['output'];
  readonly limitName: Scalars['String']['output'];
  readonly occupied: Scalars['NonNegativeInt']['output'];
  readonly ours: Scalars['NonNegativeInt']['output'];
  readonly projectedExhaustionAt: Maybe<Scalars['DateTime']['output']>;
  readonly scope: LimitScope;
  readonly stated: Maybe<Scalars['NonNegativeInt']['output']>;
};

export type RefreshErrorCode =
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'NOT_FOUND'
  | 'NO_PARTS'
  | 'TOO_MANY_PARTS';

export type RefreshInventoryInput = {
  readonly idempotencyKey: Scalars['UUID']['input'];
  readonly parts: ReadonlyArray<PartBy>;
};

export type RefreshInventoryPayload = {
  readonly __typename?: 'RefreshInventoryPayload';
  readonly job: Maybe<RefreshJob>;
  readonly userErrors: ReadonlyArray<RefreshUserError>;
};

export type RefreshJob = Node & {
  readonly __typename?: 'RefreshJob';
  readonly done: Scalars['NonNegativeInt']['output'];
  readonly endedAt: Maybe<Scalars['DateTime']['output']>;
  readonly id: Scalars['ID']['output'];
  readonly requestedAt: Scalars['DateTime']['output'];
  readonly results: ReadonlyArray<RefreshResult>;
  readonly state: JobState;
  readonly total: Scalars['NonNegativeInt']['output'];
};

export type RefreshResult = {
  readonly __typename?: 'RefreshResult';
  readonly offer: Maybe<Offer>;
  readonly reason: Maybe<StaleReason>;
  readonly retryAt: Maybe<Scalars['DateTime']['output']>;
  readonly state: RefreshResultState;
};

export type RefreshResultState =
  | 'FAILED'
  | 'NOT_LISTED'
  | 'REFRESHED'
  | 'WAITING';

export type RefreshUserError = {
  readonly __typename?: 'RefreshUserError';
  readonly code: RefreshErrorCode;
  readonly field: Maybe<ReadonlyArray<Scalars['String']['output']>>;
  readonly message: Scalars['String']['output'];
};

export type StaleReason =
  | 'BUDGET_EXHAUSTED'
  | 'BUDGET_UNREACHABLE'
  | 'CACHE_ONLY'
  | 'NOT_REFRESHABLE'
  | 'REVALIDATING'
  | 'SUPPLIER_ANSWER_UNUSABLE'
  | 'SUPPLIER_PAUSED'
  | 'SUPPLIER_REFUSED'
  | 'SUPPLIER_UNREACHABLE'
  | 'TIMED_OUT';

export type StockChange = {
  readonly __typename?: 'StockChange';
  readonly after: ChangedQuantity;
  readonly before: Maybe<ChangedQuantity>;
  readonly cause: ChangeCause;
  readonly cursor: Scalars['String']['output'];
  readonly location: Scalars['String']['output'];
  readonly offer: Maybe<Offer>;
  readonly part: Maybe<Part>;
  readonly recordedAt: Scalars['DateTime']['output'];
  readonly supplier: Supplier;
};

export type StockChangePage = {
  readonly __typename?: 'StockChangePage';
  readonly changes: ReadonlyArray<StockChange>;
  readonly endCursor: Scalars['String']['output'];
  readonly gap: Maybe<StockGap>;
  readonly hasNextPage: Scalars['Boolean']['output'];
};

export type StockEvent = StockChange | StockGap;

export type StockFilter = {
  readonly parts?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
  readonly suppliers?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};

export type StockGap = {
  readonly __typename?: 'StockGap';
  readonly message: Scalars['String']['output'];
  readonly resumeAfter: Scalars['String']['output'];
};

export type StockLevel = {
  readonly __typename?: 'StockLevel';
  readonly freshness: Freshness;
  readonly location: Scalars['String']['output'];
  readonly quality: QuantityQuality;
  readonly quantity: Maybe<Scalars['NonNegativeInt']['output']>;
  readonly supplier: Supplier;
};

export type StockState =
  | 'DISCONTINUED'
  | 'IN_STOCK'
  | 'OUT_OF_STOCK'
  | 'SPECIAL_ORDER'
  | 'UNKNOWN';

export type Subscription = {
  readonly __typename?: 'Subscription';
  readonly refreshJobUpdated: RefreshJob;
  readonly stockChanged: StockEvent;
};


export type SubscriptionRefreshJobUpdatedArgs = {
  id: Scalars['ID']['input'];
};


export type SubscriptionStockChangedArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<StockFilter>;
};

export type Supplier = Node & {
  readonly __typename?: 'Supplier';
  readonly id: Scalars['ID']['output'];
  readonly name: Scalars['String']['output'];
};

export type SupplierPartInput = {
  readonly supplier: Scalars['ID']['input'];
  readonly supplierPartNumber: Scalars['String']['input'];
};

export type SupplierQuota = {
  readonly __typename?: 'SupplierQuota';
  readonly isPastKnown: Scalars['Boolean']['output'];
  readonly lanes: ReadonlyArray<QuotaLane>;
  readonly pausedUntil: Maybe<Scalars['DateTime']['output']>;
  readonly remainders: ReadonlyArray<QuotaRemainder>;
  readonly strikes: ReadonlyArray<QuotaStrikes>;
  readonly supplier: Supplier;
  readonly windows: ReadonlyArray<QuotaWindow>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;



/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  StockEvent:
    | ( StoredChange )
    | ( ChangeGap )
  ;
};

/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Node:
    | ( StoredOffer )
    | ( StoredPart )
    | ( RefreshJobView )
    | ( SupplierParent )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Availability: ResolverTypeWrapper<AvailabilityView>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  BrandPartInput: BrandPartInput;
  CallLane: CallLane;
  ChangeCause: ChangeCause;
  ChangedQuantity: ResolverTypeWrapper<Quantity>;
  DataOrigin: DataOrigin;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Duration: ResolverTypeWrapper<Scalars['Duration']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  Freshness: ResolverTypeWrapper<KnownFreshness>;
  FreshnessInput: FreshnessInput;
  FreshnessStatus: FreshnessStatus;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JobState: JobState;
  LimitScope: LimitScope;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  NonNegativeInt: ResolverTypeWrapper<Scalars['NonNegativeInt']['output']>;
  Offer: ResolverTypeWrapper<StoredOffer>;
  OfferStock: ResolverTypeWrapper<OfferStockView>;
  OnStale: OnStale;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Part: ResolverTypeWrapper<StoredPart>;
  PartBy: PartBy;
  PartConnection: ResolverTypeWrapper<Omit<PartConnection, 'edges' | 'nodes'> & { edges: ReadonlyArray<ResolversTypes['PartEdge']>, nodes: ReadonlyArray<ResolversTypes['Part']> }>;
  PartEdge: ResolverTypeWrapper<Omit<PartEdge, 'node'> & { node: ResolversTypes['Part'] }>;
  PartFilter: PartFilter;
  QuantityQuality: QuantityQuality;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  QuotaLane: ResolverTypeWrapper<LaneQuota>;
  QuotaRemainder: ResolverTypeWrapper<StatedRemainder>;
  QuotaReserve: ResolverTypeWrapper<LaneReserve>;
  QuotaStrikes: ResolverTypeWrapper<StrikesLeft>;
  QuotaWindow: ResolverTypeWrapper<WindowQuota>;
  RefreshErrorCode: RefreshErrorCode;
  RefreshInventoryInput: RefreshInventoryInput;
  RefreshInventoryPayload: ResolverTypeWrapper<Omit<RefreshInventoryPayload, 'job'> & { job?: Maybe<ResolversTypes['RefreshJob']> }>;
  RefreshJob: ResolverTypeWrapper<RefreshJobView>;
  RefreshResult: ResolverTypeWrapper<RefreshResultParent>;
  RefreshResultState: RefreshResultState;
  RefreshUserError: ResolverTypeWrapper<RefreshUserError>;
  StaleReason: StaleReason;
  StockChange: ResolverTypeWrapper<StoredChange>;
  StockChangePage: ResolverTypeWrapper<Omit<StockChangePage, 'changes' | 'gap'> & { changes: ReadonlyArray<ResolversTypes['StockChange']>, gap?: Maybe<ResolversTypes['StockGap']> }>;
  StockEvent: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['StockEvent']>;
  StockFilter: StockFilter;
  StockGap: ResolverTypeWrapper<ChangeGap>;
  StockLevel: ResolverTypeWrapper<LevelView>;
  StockState: StockState;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Supplier: ResolverTypeWrapper<SupplierParent>;
  SupplierPartInput: SupplierPartInput;
  SupplierQuota: ResolverTypeWrapper<KnownQuota>;
  UUID: ResolverTypeWrapper<Scalars['UUID']['output']>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Availability: AvailabilityView;
  Boolean: Scalars['Boolean']['output'];
  BrandPartInput: BrandPartInput;
  ChangedQuantity: Quantity;
  DateTime: Scalars['DateTime']['output'];
  Duration: Scalars['Duration']['output'];
  Float: Scalars['Float']['output'];
  Freshness: KnownFreshness;
  FreshnessInput: FreshnessInput;
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  Mutation: Record<PropertyKey, never>;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  NonNegativeInt: Scalars['NonNegativeInt']['output'];
  Offer: StoredOffer;
  OfferStock: OfferStockView;
  PageInfo: PageInfo;
  Part: StoredPart;
  PartBy: PartBy;
  PartConnection: Omit<PartConnection, 'edges' | 'nodes'> & { edges: ReadonlyArray<ResolversParentTypes['PartEdge']>, nodes: ReadonlyArray<ResolversParentTypes['Part']> };
  PartEdge: Omit<PartEdge, 'node'> & { node: ResolversParentTypes['Part'] };
  PartFilter: PartFilter;
  Query: Record<PropertyKey, never>;
  QuotaLane: LaneQuota;
  QuotaRemainder: StatedRemainder;
  QuotaReserve: LaneReserve;
  QuotaStrikes: StrikesLeft;
  QuotaWindow: WindowQuota;
  RefreshInventoryInput: RefreshInventoryInput;
  RefreshInventoryPayload: Omit<RefreshInventoryPayload, 'job'> & { job?: Maybe<ResolversParentTypes['RefreshJob']> };
  RefreshJob: RefreshJobView;
  RefreshResult: RefreshResultParent;
  RefreshUserError: RefreshUserError;
  StockChange: StoredChange;
  StockChangePage: Omit<StockChangePage, 'changes' | 'gap'> & { changes: ReadonlyArray<ResolversParentTypes['StockChange']>, gap?: Maybe<ResolversParentTypes['StockGap']> };
  StockEvent: ResolversUnionTypes<ResolversParentTypes>['StockEvent'];
  StockFilter: StockFilter;
  StockGap: ChangeGap;
  StockLevel: LevelView;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  Supplier: SupplierParent;
  SupplierPartInput: SupplierPartInput;
  SupplierQuota: KnownQuota;
  UUID: Scalars['UUID']['output'];
};

export type AvailabilityResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Availability'] = ResolversParentTypes['Availability']> = {
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  levels?: Resolver<ReadonlyArray<ResolversTypes['StockLevel']>, ParentType, ContextType>;
  quantity?: Resolver<Maybe<ResolversTypes['NonNegativeInt']>, ParentType, ContextType>;
  quantityIsAtLeast?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['StockState'], ParentType, ContextType>;
};

export type ChangedQuantityResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ChangedQuantity'] = ResolversParentTypes['ChangedQuantity']> = {
  quality?: Resolver<ResolversTypes['QuantityQuality'], ParentType, ContextType>;
  quantity?: Resolver<Maybe<ResolversTypes['NonNegativeInt']>, ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export interface DurationScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Duration'], any> {
  name: 'Duration';
}

export type FreshnessResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Freshness'] = ResolversParentTypes['Freshness']> = {
  age?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
  observedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  origin?: Resolver<ResolversTypes['DataOrigin'], ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['StaleReason']>, ParentType, ContextType>;
  retryAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  sourceAsOf?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['FreshnessStatus'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  refreshInventory: Resolver<ResolversTypes['RefreshInventoryPayload'], ParentType, ContextType, RequireFields<MutationRefreshInventoryArgs, 'input'>>;
};

export type NodeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'Offer' | 'Part' | 'RefreshJob' | 'Supplier', ParentType, ContextType>;
};

export interface NonNegativeIntScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['NonNegativeInt'], any> {
  name: 'NonNegativeInt';
}

export type OfferResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Offer'] = ResolversParentTypes['Offer']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  listed?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  packQuantity?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  part?: Resolver<Maybe<ResolversTypes['Part']>, ParentType, ContextType>;
  stock?: Resolver<Maybe<ResolversTypes['OfferStock']>, ParentType, ContextType, Partial<OfferStockArgs>>;
  supplier?: Resolver<ResolversTypes['Supplier'], ParentType, ContextType>;
  supplierPartNumber?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type OfferStockResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['OfferStock'] = ResolversParentTypes['OfferStock']> = {
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  levels?: Resolver<ReadonlyArray<ResolversTypes['StockLevel']>, ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Part'] = ResolversParentTypes['Part']> = {
  availability?: Resolver<Maybe<ResolversTypes['Availability']>, ParentType, ContextType, Partial<PartAvailabilityArgs>>;
  brand?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  discontinued?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  offers?: Resolver<ReadonlyArray<ResolversTypes['Offer']>, ParentType, ContextType>;
  packQuantity?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  partNumber?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  supersededBy?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PartConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PartConnection'] = ResolversParentTypes['PartConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['PartEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Part']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type PartEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PartEdge'] = ResolversParentTypes['PartEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Part'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  node: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  part: Resolver<Maybe<ResolversTypes['Part']>, ParentType, ContextType, RequireFields<QueryPartArgs, 'by'>>;
  parts: Resolver<ResolversTypes['PartConnection'], ParentType, ContextType, RequireFields<QueryPartsArgs, 'first'>>;
  partsBy: Resolver<ReadonlyArray<Maybe<ResolversTypes['Part']>>, ParentType, ContextType, RequireFields<QueryPartsByArgs, 'by'>>;
  refreshJob: Resolver<Maybe<ResolversTypes['RefreshJob']>, ParentType, ContextType, RequireFields<QueryRefreshJobArgs, 'id'>>;
  stockChanges: Resolver<ResolversTypes['StockChangePage'], ParentType, ContextType, RequireFields<QueryStockChangesArgs, 'first'>>;
  supplierQuota: Resolver<Maybe<ResolversTypes['SupplierQuota']>, ParentType, ContextType, RequireFields<QuerySupplierQuotaArgs, 'supplier'>>;
  suppliers: Resolver<ReadonlyArray<ResolversTypes['Supplier']>, ParentType, ContextType>;
};

export type QuotaLaneResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['QuotaLane'] = ResolversParentTypes['QuotaLane']> = {
  callsLastHour?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  lane?: Resolver<ResolversTypes['CallLane'], ParentType, ContextType>;
  waiting?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
};

export type QuotaRemainderResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['QuotaRemainder'] = ResolversParentTypes['QuotaRemainder']> = {
  about?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  calls?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  until?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type QuotaReserveResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['QuotaReserve'] = ResolversParentTypes['QuotaReserve']> = {
  calls?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  lane?: Resolver<ResolversTypes['CallLane'], ParentType, ContextType>;
};

export type QuotaStrikesResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['QuotaStrikes'] = ResolversParentTypes['QuotaStrikes']> = {
  allowed?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  forgottenAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  left?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  length?: Resolver<ResolversTypes['Duration'], ParentType, ContextType>;
  limitName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  onlyCheckoutUntil?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type QuotaWindowResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['QuotaWindow'] = ResolversParentTypes['QuotaWindow']> = {
  cautionFactor?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  effective?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  freesAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  keptBack?: Resolver<ReadonlyArray<ResolversTypes['QuotaReserve']>, ParentType, ContextType>;
  length?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
  limit?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  limitName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  occupied?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  ours?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  projectedExhaustionAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  scope?: Resolver<ResolversTypes['LimitScope'], ParentType, ContextType>;
  stated?: Resolver<Maybe<ResolversTypes['NonNegativeInt']>, ParentType, ContextType>;
};

export type RefreshInventoryPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RefreshInventoryPayload'] = ResolversParentTypes['RefreshInventoryPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['RefreshJob']>, ParentType, ContextType>;
  userErrors?: Resolver<ReadonlyArray<ResolversTypes['RefreshUserError']>, ParentType, ContextType>;
};

export type RefreshJobResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RefreshJob'] = ResolversParentTypes['RefreshJob']> = {
  done?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  endedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  requestedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  results?: Resolver<ReadonlyArray<ResolversTypes['RefreshResult']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['JobState'], ParentType, ContextType>;
  total?: Resolver<ResolversTypes['NonNegativeInt'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RefreshResultResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RefreshResult'] = ResolversParentTypes['RefreshResult']> = {
  offer?: Resolver<Maybe<ResolversTypes['Offer']>, ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['StaleReason']>, ParentType, ContextType>;
  retryAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['RefreshResultState'], ParentType, ContextType>;
};

export type RefreshUserErrorResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RefreshUserError'] = ResolversParentTypes['RefreshUserError']> = {
  code?: Resolver<ResolversTypes['RefreshErrorCode'], ParentType, ContextType>;
  field?: Resolver<Maybe<ReadonlyArray<ResolversTypes['String']>>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type StockChangeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['StockChange'] = ResolversParentTypes['StockChange']> = {
  after?: Resolver<ResolversTypes['ChangedQuantity'], ParentType, ContextType>;
  before?: Resolver<Maybe<ResolversTypes['ChangedQuantity']>, ParentType, ContextType>;
  cause?: Resolver<ResolversTypes['ChangeCause'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  location?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  offer?: Resolver<Maybe<ResolversTypes['Offer']>, ParentType, ContextType>;
  part?: Resolver<Maybe<ResolversTypes['Part']>, ParentType, ContextType>;
  recordedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  supplier?: Resolver<ResolversTypes['Supplier'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type StockChangePageResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['StockChangePage'] = ResolversParentTypes['StockChangePage']> = {
  changes?: Resolver<ReadonlyArray<ResolversTypes['StockChange']>, ParentType, ContextType>;
  endCursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  gap?: Resolver<Maybe<ResolversTypes['StockGap']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type StockEventResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['StockEvent'] = ResolversParentTypes['StockEvent']> = {
  __resolveType: TypeResolveFn<'StockChange' | 'StockGap', ParentType, ContextType>;
};

export type StockGapResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['StockGap'] = ResolversParentTypes['StockGap']> = {
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  resumeAfter?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type StockLevelResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['StockLevel'] = ResolversParentTypes['StockLevel']> = {
  freshness?: Resolver<ResolversTypes['Freshness'], ParentType, ContextType>;
  location?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  quality?: Resolver<ResolversTypes['QuantityQuality'], ParentType, ContextType>;
  quantity?: Resolver<Maybe<ResolversTypes['NonNegativeInt']>, ParentType, ContextType>;
  supplier?: Resolver<ResolversTypes['Supplier'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  refreshJobUpdated: SubscriptionResolver<ResolversTypes['RefreshJob'], "refreshJobUpdated", ParentType, ContextType, RequireFields<SubscriptionRefreshJobUpdatedArgs, 'id'>>;
  stockChanged: SubscriptionResolver<ResolversTypes['StockEvent'], "stockChanged", ParentType, ContextType, Partial<SubscriptionStockChangedArgs>>;
};

export type SupplierResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Supplier'] = ResolversParentTypes['Supplier']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SupplierQuotaResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['SupplierQuota'] = ResolversParentTypes['SupplierQuota']> = {
  isPastKnown?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  lanes?: Resolver<ReadonlyArray<ResolversTypes['QuotaLane']>, ParentType, ContextType>;
  pausedUntil?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  remainders?: Resolver<ReadonlyArray<ResolversTypes['QuotaRemainder']>, ParentType, ContextType>;
  strikes?: Resolver<ReadonlyArray<ResolversTypes['QuotaStrikes']>, ParentType, ContextType>;
  supplier?: Resolver<ResolversTypes['Supplier'], ParentType, ContextType>;
  windows?: Resolver<ReadonlyArray<ResolversTypes['QuotaWindow']>, ParentType, ContextType>;
};

export interface UuidScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['UUID'], any> {
  name: 'UUID';
}

export type Resolvers<ContextType = RequestContext> = {
  Availability?: AvailabilityResolvers<ContextType>;
  ChangedQuantity?: ChangedQuantityResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Duration?: GraphQLScalarType;
  Freshness?: FreshnessResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  NonNegativeInt?: GraphQLScalarType;
  Offer?: OfferResolvers<ContextType>;
  OfferStock?: OfferStockResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Part?: PartResolvers<ContextType>;
  PartConnection?: PartConnectionResolvers<ContextType>;
  PartEdge?: PartEdgeResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  QuotaLane?: QuotaLaneResolvers<ContextType>;
  QuotaRemainder?: QuotaRemainderResolvers<ContextType>;
  QuotaReserve?: QuotaReserveResolvers<ContextType>;
  QuotaStrikes?: QuotaStrikesResolvers<ContextType>;
  QuotaWindow?: QuotaWindowResolvers<ContextType>;
  RefreshInventoryPayload?: RefreshInventoryPayloadResolvers<ContextType>;
  RefreshJob?: RefreshJobResolvers<ContextType>;
  RefreshResult?: RefreshResultResolvers<ContextType>;
  RefreshUserError?: RefreshUserErrorResolvers<ContextType>;
  StockChange?: StockChangeResolvers<ContextType>;
  StockChangePage?: StockChangePageResolvers<ContextType>;
  StockEvent?: StockEventResolvers<ContextType>;
  StockGap?: StockGapResolvers<ContextType>;
  StockLevel?: StockLevelResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  Supplier?: SupplierResolvers<ContextType>;
  SupplierQuota?: SupplierQuotaResolvers<ContextType>;
  UUID?: GraphQLScalarType;
};

