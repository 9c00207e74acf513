"""A server that speaks Qdrant's gRPC: the services are generated from Qdrant's own definitions,
the points are kept by Qdrant's own engine (`qdrant-edge`), a shard a collection. What is ours is
the book of collections and aliases, as the server keeps it. Prints its port when it listens.

    double.py FOLDER [--port N] [--api-key KEY] [--index-from-kb N]
"""

import argparse
import base64
import json
import pathlib
import shutil
import threading
from concurrent import futures

import grpc
import qdrant_edge as edge
from qdrant_client import grpc as q

DISTANCES = {
    q.Distance.Cosine: edge.Distance.Cosine,
    q.Distance.Dot: edge.Distance.Dot,
    q.Distance.Euclid: edge.Distance.Euclid,
    q.Distance.Manhattan: edge.Distance.Manhattan,
}
TYPES = {
    q.FieldType.FieldTypeKeyword: (q.PayloadSchemaType.Keyword, edge.PayloadSchemaType.Keyword),
    q.FieldType.FieldTypeInteger: (q.PayloadSchemaType.Integer, edge.PayloadSchemaType.Integer),
}


class Refused(Exception):
    """What the server refuses, by its code and words."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def missing(name):
    return Refused(grpc.StatusCode.NOT_FOUND, f"Not found: Collection `{name}` doesn't exist!")


def wrong(text):
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Wrong input: {text}")


def scalar(config):
    kind = config.WhichOneof("quantization")
    if kind != "scalar":
        return None
    asked = config.scalar
    quantile = asked.quantile if asked.HasField("quantile") else None
    return edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=quantile)


class Collection:
    """A collection: how it was made, and its shard."""

    def __init__(self, folder, created, indexes, index_from_kb):
        self.folder, self.created, self.indexes = folder, created, indexes
        params = created.vectors_config.params
        optimizers = None
        if index_from_kb:
            optimizers = edge.EdgeOptimizersConfig(indexing_threshold=index_from_kb)
        config = edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(params.size, DISTANCES[params.distance]),
            quantization_config=scalar(created.quantization_config),
            optimizers=optimizers,
        )
        shard = folder / "shard"
        if (shard / "segments").exists():
            self.shard = edge.EdgeShard.load(str(shard))
        else:
            shard.mkdir(parents=True)
            self.shard = edge.EdgeShard.create(str(shard), config)
        self.optimizes = bool(index_from_kb)
        for name, kind in indexes.items():
            self.index(name, kind)
        self.keep()

    def keep(self):
        text = base64.b64encode(self.created.SerializeToString()).decode()
        book = {"created": text, "indexes": self.indexes}
        draft = self.folder / "collection.new"
        draft.write_text(json.dumps(book))
        draft.rename(self.folder / "collection.json")

    def index(self, name, kind):
        if kind not in TYPES:
            raise wrong(f"this double has no index of type {kind}")
        self.shard.update(edge.UpdateOperation.create_field_index(name, TYPES[kind][1]))
        self.indexes[name] = kind

    def info(self):
        created, counted = self.created, self.shard.info()
        config = q.CollectionConfig(
            params=q.CollectionParams(
                shard_number=1,
                on_disk_payload=True,
                vectors_config=created.vectors_config,
                replication_factor=created.replication_factor or 1,
                write_consistency_factor=1,
            ),
            hnsw_config=q.HnswConfigDiff(
                m=16, ef_construct=100, full_scan_threshold=10000, max_indexing_threads=0
            ),
            optimizer_config=q.OptimizersConfigDiff(
                deleted_threshold=0.2,
                vacuum_min_vector_number=1000,
                default_segment_number=0,
                flush_interval_sec=5,
            ),
            wal_config=q.WalConfigDiff(wal_capacity_mb=32, wal_segments_ahead=0),
        )
        if created.quantization_config.WhichOneof("quantization"):
            config.quantization_config.CopyFrom(created.quantization_config)
        for key, value in created.metadata.items():
            config.metadata[key].CopyFrom(value)
        info = q.CollectionInfo(
            status=q.CollectionStatus.Green,
            optimizer_status=q.OptimizerStatus(ok=True),
            segments_count=counted.segments_count,
            config=config,
            points_count=counted.points_count,
            indexed_vectors_count=counted.indexed_vectors_count,
        )
        for name, kind in self.indexes.items():
            schema = q.PayloadSchemaInfo(data_type=TYPES[kind][0], points=counted.points_count)
            info.payload_schema[name].CopyFrom(schema)
        return info


class Book:
    """All collections and aliases, under one lock."""

    def __init__(self, folder, index_from_kb):
        self.folder, self.index_from_kb = folder, index_from_kb
        self.lock = threading.RLock()
        self.collections = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*/collection.json")):
            book = json.loads(path.read_text())
            created = q.CreateCollection.FromString(base64.b64decode(book["created"]))
            self.collections[path.parent.name] = self.collection(created, book["indexes"])
        aliases = folder / "aliases.json"
        self.aliases = json.loads(aliases.read_text()) if aliases.exists() else {}

    def collection(self, created, indexes):
        folder = self.folder / created.collection_name
        return Collection(folder, created, indexes, self.index_from_kb)

    def find(self, name):
        name = self.aliases.get(name, name)
        if name not in self.collections:
            raise missing(name)
        return self.collections[name]

    def keep_aliases(self, aliases):
        draft = self.folder / "aliases.new"
        draft.write_text(json.dumps(aliases))
        draft.rename(self.folder / "aliases.json")
        self.aliases = aliases


def value_of(value):
    kind = value.WhichOneof("kind")
    if kind in ("integer_value", "string_value", "double_value", "bool_value"):
        return getattr(value, kind)
    if kind in (None, "null_value"):
        return None
    raise wrong(f"this double keeps no `{kind}`")


def to_value(value):
    if isinstance(value, bool):
        return q.Value(bool_value=value)
    if isinstance(value, int):
        return q.Value(integer_value=value)
    if isinstance(value, float):
        return q.Value(double_value=value)
    return q.Value(string_value=value)


def id_of(point):
    return point.num if point.WhichOneof("point_id_options") == "num" else point.uuid


def to_id(point):
    return q.PointId(num=point) if isinstance(point, int) else q.PointId(uuid=str(point))


def condition_of(condition):
    kind = condition.WhichOneof("condition_one_of")
    if kind == "has_id":
        return edge.HasIdCondition({id_of(point) for point in condition.has_id.has_id})
    if kind == "filter":
        return filter_of(condition.filter)
    if kind != "field":
        raise wrong(f"this double has no condition `{kind}`")
    match = condition.field.match
    kind = match.WhichOneof("match_value")
    if kind in ("keyword", "integer", "boolean"):
        wanted = edge.MatchValue(getattr(match, kind))
    elif kind == "keywords":
        wanted = edge.MatchAny(list(match.keywords.strings))
    elif kind == "integers":
        wanted = edge.MatchAny(list(match.integers.integers))
    else:
        raise wrong(f"this double has no match `{kind}`")
    return edge.FieldCondition(key=condition.field.key, match=wanted)


def filter_of(wanted):
    def each(conditions):
        return [condition_of(condition) for condition in conditions] or None

    return edge.Filter(
        must=each(wanted.must), should=each(wanted.should), must_not=each(wanted.must_not)
    )


def maybe_filter(request):
    return filter_of(request.filter) if request.HasField("filter") else None


def params_of(params):
    quantization = None
    if params.HasField("quantization"):
        asked = params.quantization
        quantization = edge.QuantizationSearchParams(
            ignore=asked.ignore,
            rescore=asked.rescore if asked.HasField("rescore") else None,
            oversampling=asked.oversampling if asked.HasField("oversampling") else None,
        )
    ef = params.hnsw_ef if params.HasField("hnsw_ef") else None
    return edge.SearchParams(hnsw_ef=ef, exact=params.exact, quantization=quantization)


def dense(vector):
    kind = vector.WhichOneof("vector")
    if kind == "dense":
        return list(vector.dense.data)
    if kind is None:
        return list(vector.data)
    raise wrong(f"this double keeps no vector `{kind}`")


def payload_of(found):
    return {key: to_value(value) for key, value in (found.payload or {}).items()}


def vectors_of(found):
    if found.vector is None:
        return None
    vector = found.vector[""] if isinstance(found.vector, dict) else found.vector
    dense_vector = q.DenseVector(data=vector)
    return q.VectorsOutput(vector=q.VectorOutput(data=vector, dense=dense_vector))


def guarded(act):
    """Answers refusals as the server does; one call at a time."""

    def call(self, request, context):
        try:
            with self.book.lock:
                return act(self, request)
        except Refused as refused:
            context.abort(refused.code, str(refused))
        except Exception as error:  # The engine's own words.
            if "does not exist" in str(error) or "Vector dimension" in str(error):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Wrong input: {error}")
            context.abort(grpc.StatusCode.INTERNAL, f"Service internal error: {error}")

    return call


def done():
    return q.CollectionOperationResponse(result=True, time=0.001)


def updated():
    result = q.UpdateResult(operation_id=1, status=q.UpdateStatus.Completed)
    return q.PointsOperationResponse(result=result, time=0.001)


class Collections(q.CollectionsServicer):
    def __init__(self, book):
        self.book = book

    @guarded
    def Create(self, request):
        name = request.collection_name
        if name in self.book.collections or name in self.book.aliases:
            text = f"Wrong input: Collection `{name}` already exists!"
            raise Refused(grpc.StatusCode.ALREADY_EXISTS, text)
        if request.vectors_config.WhichOneof("config") != "params":
            raise wrong("this double keeps one unnamed vector a point")
        self.book.collections[name] = self.book.collection(request, {})
        return done()

    @guarded
    def Update(self, request):
        collection = self.book.find(request.collection_name)
        kind = request.quantization_config.WhichOneof("quantization")
        kept = collection.created.quantization_config
        if kind == "disabled":
            kept.Clear()
        elif kind:
            getattr(kept, kind).CopyFrom(getattr(request.quantization_config, kind))
        for key, value in request.metadata.items():
            collection.created.metadata[key].CopyFrom(value)
        collection.keep()
        return done()

    @guarded
    def Delete(self, request):
        name = request.collection_name
        collection = self.book.collections.pop(name, None)
        if collection is None:
            return q.CollectionOperationResponse(result=False, time=0.001)
        collection.shard.close()
        shutil.rmtree(collection.folder)
        aliases = self.book.aliases.items()
        self.book.keep_aliases({alias: to for alias, to in aliases if to != name})
        return done()

    @guarded
    def Get(self, request):
        info = self.book.find(request.collection_name).info()
        return q.GetCollectionInfoResponse(result=info, time=0.001)

    @guarded
    def List(self, request):
        names = [q.CollectionDescription(name=name) for name in self.book.collections]
        return q.ListCollectionsResponse(collections=names, time=0.001)

    @guarded
    def CollectionExists(self, request):
        name = request.collection_name
        exists = self.book.aliases.get(name, name) in self.book.collections
        result = q.CollectionExists(exists=exists)
        return q.CollectionExistsResponse(result=result, time=0.001)

    @guarded
    def UpdateAliases(self, request):
        aliases = dict(self.book.aliases)
        for action in request.actions:
            kind = action.WhichOneof("action")
            if kind == "create_alias":
                wanted = action.create_alias
                if wanted.collection_name not in self.book.collections:
                    raise missing(wanted.collection_name)
                if wanted.alias_name in self.book.collections:
                    raise wrong(f"Collection `{wanted.alias_name}` already exists!")
                aliases[wanted.alias_name] = wanted.collection_name
            elif kind == "delete_alias":
                aliases.pop(action.delete_alias.alias_name, None)
            else:
                raise wrong("this double renames no alias")
        self.book.keep_aliases(aliases)
        return done()

    @guarded
    def ListAliases(self, request):
        aliases = [
            q.AliasDescription(alias_name=alias, collection_name=name)
            for alias, name in self.book.aliases.items()
        ]
        return q.ListAliasesResponse(aliases=aliases, time=0.001)


class Points(q.PointsServicer):
    def __init__(self, book):
        self.book = book

    @guarded
    def Upsert(self, request):
        collection = self.book.find(request.collection_name)
        size = collection.created.vectors_config.params.size
        points = []
        for point in request.points:
            vector = dense(point.vectors.vector)
            if len(vector) != size:
                text = f"Vector dimension error: expected dim: {size}, got {len(vector)}"
                raise wrong(text)
            payload = {key: value_of(value) for key, value in point.payload.items()}
            points.append(edge.Point(id_of(point.id), vector, payload))
        collection.shard.update(edge.UpdateOperation.upsert_points(points))
        if request.wait:
            collection.shard.flush()
        if collection.optimizes:
            collection.shard.optimize()
        return updated()

    @guarded
    def Delete(self, request):
        collection = self.book.find(request.collection_name)
        if request.points.WhichOneof("points_selector_one_of") == "points":
            ids = [id_of(point) for point in request.points.points.ids]
            operation = edge.UpdateOperation.delete_points(ids)
        else:
            wanted = filter_of(request.points.filter)
            operation = edge.UpdateOperation.delete_points_by_filter(wanted)
        collection.shard.update(operation)
        if request.wait:
            collection.shard.flush()
        return updated()

    @guarded
    def CreateFieldIndex(self, request):
        collection = self.book.find(request.collection_name)
        collection.index(request.field_name, request.field_type)
        collection.keep()
        return updated()

    @guarded
    def Count(self, request):
        shard = self.book.find(request.collection_name).shard
        wanted = edge.CountRequest(exact=True, filter=maybe_filter(request))
        result = q.CountResult(count=shard.count(wanted))
        return q.CountResponse(result=result, time=0.001)

    @guarded
    def Scroll(self, request):
        shard = self.book.find(request.collection_name).shard
        wanted = edge.ScrollRequest(
            offset=id_of(request.offset) if request.HasField("offset") else None,
            limit=request.limit or 10,
            filter=maybe_filter(request),
            with_payload=request.with_payload.enable,
            with_vector=request.with_vectors.enable,
        )
        found, following = shard.scroll(wanted)
        result = [
            q.RetrievedPoint(id=to_id(each.id), payload=payload_of(each), vectors=vectors_of(each))
            for each in found
        ]
        following = None if following is None else to_id(following)
        return q.ScrollResponse(result=result, next_page_offset=following, time=0.001)

    @guarded
    def Query(self, request):
        collection = self.book.find(request.collection_name)
        if request.query.nearest.WhichOneof("variant") != "dense":
            raise wrong("this double finds what is nearest to a vector, no more")
        vector = list(request.query.nearest.dense.data)
        size = collection.created.vectors_config.params.size
        if len(vector) != size:
            raise wrong(f"Vector dimension error: expected dim: {size}, got {len(vector)}")
        wanted = edge.SearchRequest(
            query=edge.Query.Nearest(vector),
            limit=request.limit or 10,
            offset=request.offset,
            filter=maybe_filter(request),
            params=params_of(request.params),
            with_vector=request.with_vectors.enable,
            with_payload=request.with_payload.enable,
        )
        result = [
            q.ScoredPoint(
                id=to_id(each.id),
                score=each.score,
                version=each.version,
                payload=payload_of(each),
                vectors=vectors_of(each),
            )
            for each in collection.shard.search(wanted)
        ]
        return q.QueryResponse(result=result, time=0.001)


class Root(q.QdrantServicer):
    def HealthCheck(self, request, context):
        return q.HealthCheckReply(title="qdrant - vector search engine", version="1.20.0")


class KeyCheck(grpc.ServerInterceptor):
    """Refuses calls without the key, as the server does."""

    def __init__(self, key):
        self.key = key
        self.refuse = grpc.unary_unary_rpc_method_handler(
            lambda _, context: context.abort(
                grpc.StatusCode.UNAUTHENTICATED, "Must provide an API key"
            )
        )

    def intercept_service(self, continuation, details):
        given = dict(details.invocation_metadata).get("api-key")
        return continuation(details) if given == self.key else self.refuse


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--api-key")
    arguments.add_argument("--index-from-kb", type=int)
    asked = arguments.parse_args()
    book = Book(asked.folder, asked.index_from_kb)
    interceptors = [KeyCheck(asked.api_key)] if asked.api_key else []
    # A port that was just left is taken again: the server that comes back has the old address.
    server = grpc.server(
        futures.ThreadPoolExecutor(8),
        interceptors=interceptors,
        options=[("grpc.max_receive_message_length", 32 << 20), ("grpc.so_reuseport", 0)],
    )
    q.add_QdrantServicer_to_server(Root(), server)
    q.add_CollectionsServicer_to_server(Collections(book), server)
    q.add_PointsServicer_to_server(Points(book), server)
    port = server.add_insecure_port(f"127.0.0.1:{asked.port}")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
