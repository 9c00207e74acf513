"""What the official client finds at a server: the witness that a double speaks as Qdrant does.

    witness.py PORT probe            a session of its own: makes, fills, asks, removes
    witness.py PORT read ALIAS       collections, aliases and the points behind an alias
"""

import json
import sys

from qdrant_client import QdrantClient, models


def connect(port):
    client = QdrantClient(
        host="127.0.0.1", grpc_port=port, prefer_grpc=True, check_compatibility=False, timeout=10
    )
    return client


def probe(client):
    name = "witness"
    client.create_collection(name, models.VectorParams(size=4, distance=models.Distance.DOT))
    client.create_payload_index(name, "view", models.PayloadSchemaType.INTEGER, wait=True)
    points = [
        models.PointStruct(id=1, vector=[1, 0, 0, 0], payload={"view": 0}),
        models.PointStruct(
            id="c51c8d1e-0000-4000-8000-00000000002a", vector=[0.6, 0.8, 0, 0], payload={"view": 1}
        ),
    ]
    client.upsert(name, points, wait=True)
    found = client.query_points(name, query=[1, 0, 0, 0], limit=5, with_payload=True).points
    only = models.Filter(must=[models.FieldCondition(key="view", match=models.MatchValue(value=1))])
    page, following = client.scroll(name, only, limit=1, with_vectors=True)
    said = {}
    try:
        client.query_points("nowhere", query=[1, 0, 0, 0])
    except Exception as error:
        said["missing"] = error.code().name
    try:
        client.query_points(name, query=[1, 0])
    except Exception as error:
        said["length"] = error.code().name
    info = client.get_collection(name)
    client.delete(name, models.FilterSelector(filter=only), wait=True)
    left = client.count(name).count
    client.delete_collection(name)
    return {
        "hits": [[str(each.id), round(each.score, 5), each.payload] for each in found],
        "page": [[str(each.id), each.vector] for each in page],
        "is_last": following is None,
        "size": info.config.params.vectors.size,
        "indexes": sorted(info.payload_schema),
        "left": left,
        "exists": client.collection_exists(name),
        "errors": said,
    }


def read(client, alias):
    aliases = {each.alias_name: each.collection_name for each in client.get_aliases().aliases}
    names = [each.name for each in client.get_collections().collections]
    answer = {"aliases": aliases, "collections": sorted(names)}
    if alias in aliases:
        points, offset = [], None
        while True:
            page, offset = client.scroll(alias, limit=100, offset=offset, with_vectors=True)
            points += page
            if offset is None:
                break
        answer["points"] = [[str(each.id), each.payload, each.vector] for each in points]
        info = client.get_collection(alias)
        answer["size"] = info.config.params.vectors.size
        answer["indexes"] = {key: each.data_type for key, each in info.payload_schema.items()}
        answer["metadata"] = info.config.metadata
        answer["quantised"] = info.config.quantization_config is not None
    return answer


def main():
    client = connect(int(sys.argv[1]))
    answer = probe(client) if sys.argv[2] == "probe" else read(client, sys.argv[3])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
