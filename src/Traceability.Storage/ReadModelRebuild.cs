using JasperFx.Events;
using Marten;
using Marten.Services;
using Npgsql;

namespace Traceability.Storage;

/// <summary>
/// Makes all read models and links anew, in one transaction: the events are read once, stream by stream, and every
/// document is written once, whatever its stream has been through. Marten's daemon, which reads page by page in the
/// order of time and writes a document once per page, takes three times as long (docs/BENCHMARKS.md).
/// </summary>
internal sealed class ReadModelRebuild(DocumentStore store, BulkWriter bulk)
{
    /// <summary>Some megabytes at once.</summary>
    private const int PageSize = 1000;

    private readonly Dictionary<Type, List<StreamAppend>> _page = [];
    private readonly List<object> _linked = [];
    private int _streams;

    public async Task RunAsync(NpgsqlDataSource owner, string name, CancellationToken cancellationToken)
    {
        await using var connection = await owner.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var options = SessionOptions.ForTransaction(transaction);
        options.TenantId = name;
        await using var session = store.LightweightSession(options);
        await EmptyAsync(connection, cancellationToken);
        await using var reading = store.QuerySession(name);
        var all = reading.Events.QueryAllRawEvents().OrderBy(e => e.StreamKey).ThenBy(e => e.Version)
            .ToAsyncEnumerable(cancellationToken);
        List<IEvent> stream = [];
        await foreach (var e in all)
        {
            if (stream.Count > 0 && stream[0].StreamKey != e.StreamKey)
            {
                await AddAsync(connection, session, stream, cancellationToken);
                stream.Clear();
            }

            stream.Add(e);
        }

        await AddAsync(connection, session, stream, cancellationToken);
        await WriteAsync(connection, session, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task EmptyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var tables = ReadModel.All.Select(model => bulk.TableOf(model.Type)).Concat(Links.Tables);
        await using var command = new NpgsqlCommand($"truncate {string.Join(", ", tables)}", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task AddAsync(
        NpgsqlConnection connection, IDocumentSession session, List<IEvent> stream, CancellationToken cancellationToken)
    {
        var name = stream.Count == 0 ? "" : stream[0].StreamKey!;
        var model = ReadModel.All.FirstOrDefault(one => name.StartsWith(one.Prefix, StringComparison.Ordinal));
        if (model?.Fold(name, stream.Select(e => e.Data)) is not { } state)
        {
            return;
        }

        if (!_page.TryGetValue(model.Type, out var documents))
        {
            _page[model.Type] = documents = [];
        }

        documents.Add(new(name, model.Type, state, stream[^1].Version, []));
        _linked.AddRange(stream.Select(e => e.Data));
        if (++_streams % PageSize == 0)
        {
            await WriteAsync(connection, session, cancellationToken);
        }
    }

    private async Task WriteAsync(
        NpgsqlConnection connection, IDocumentSession session, CancellationToken cancellationToken)
    {
        foreach (var (type, documents) in _page)
        {
            await bulk.WriteDocumentsAsync(connection, type, documents, cancellationToken);
        }

        Links.Insert(session, _linked);
        await session.SaveChangesAsync(cancellationToken);
        _page.Clear();
        _linked.Clear();
    }
}
