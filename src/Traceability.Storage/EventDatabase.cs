using System.Data;
using Marten;
using Marten.Services;
using Npgsql;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Storage;

/// <summary>One database: events, what they fold to, and the tables beside them.</summary>
public sealed class EventDatabase
{
    private readonly DocumentStore _store;

    private readonly BulkWriter _bulk;

    internal EventDatabase(
        DocumentStore store, BulkWriter bulk, NpgsqlDataSource source, string name, LogKeys? keys)
    {
        (_store, _bulk, Source, Name) = (store, bulk, source, name);
        Log = keys is null ? null : new(source, keys);
    }

    public string Name { get; }

    /// <summary>Whether the role of this process may change what was said, and not only add to it.</summary>
    public bool MayRewriteHistory { get; internal init; }

    /// <summary>Plain SQL, for tables beside the events.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>The tamper-evident log of the database's events; null if they are not logged.</summary>
    public HistoryLog? Log { get; }

    /// <summary>For questions; each is answered with what is committed then.</summary>
    public IQuerySession Query() => _store.QuerySession(Name);

    /// <summary>For questions that must all see the same moment.</summary>
    public async Task<Snapshot> SnapshotAsync(CancellationToken cancellationToken)
    {
        var connection = await Source.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        return new(transaction, _store.QuerySession(In(transaction)));
    }

    /// <summary>
    /// Begins the one transaction of an act. Acts that take the same turn come one after the other, in all processes:
    /// what one reads nobody changes before it has committed.
    /// </summary>
    /// <param name="provenance">Who acts, and in the course of what.</param>
    /// <param name="turn">What the acts must come one after the other for.</param>
    /// <param name="cancellationToken">Ends the wait for a connection.</param>
    public async Task<OpenTransaction> BeginAsync(
        Provenance provenance, long turn, CancellationToken cancellationToken)
    {
        var connection = await Source.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var session = _store.OpenSession(In(transaction));
            session.LastModifiedBy = provenance.By;
            session.CorrelationId = provenance.Correlation;
            session.CausationId = provenance.Causation;
            return new(transaction, turn, session, _bulk);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private SessionOptions In(NpgsqlTransaction transaction)
    {
        var options = SessionOptions.ForTransaction(transaction);
        options.TenantId = Name;
        options.Tracking = DocumentTracking.IdentityOnly;
        return options;
    }
}

/// <summary>Who does it, and in the course of what: written to every event.</summary>
/// <param name="By">The client that called, or the node itself.</param>
/// <param name="Correlation">The trace (W3C traceparent) that everything which follows from one command shares.</param>
/// <param name="Causation">The message or call that led to it.</param>
public record Provenance(string By, string? Correlation, string? Causation);

/// <summary>A transaction that is open, and Marten's session in it.</summary>
public sealed class OpenTransaction
{
    internal OpenTransaction(NpgsqlTransaction transaction, long turn, IDocumentSession session, BulkWriter bulk) =>
        (Transaction, Turn, Session, Bulk) = (transaction, turn, session, bulk);

    internal NpgsqlTransaction Transaction { get; }

    /// <summary>Not taken yet: the act's session does so.</summary>
    internal long Turn { get; }

    internal IDocumentSession Session { get; }

    internal BulkWriter Bulk { get; }
}

/// <summary>One moment of a database, to be read from.</summary>
public sealed class Snapshot(NpgsqlTransaction transaction, IQuerySession session) : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection = transaction.Connection!;

    public IQuerySession Session => session;

    public NpgsqlConnection Connection => _connection;

    public async ValueTask DisposeAsync()
    {
        await session.DisposeAsync();
        await transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
