using System.Reflection;
using System.Text.Json;
using JasperFx.Events;
using Marten;
using Traceability.Domain;
using Traceability.Domain.Audits;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;

namespace Traceability.Storage;

/// <summary>
/// The states that streams fold to, each kept as a document in the transaction of its events: for decisions, look-ups
/// and lists.
/// </summary>
internal static class States
{
    /// <summary>All read models, for rebuilding.</summary>
    public static IReadOnlyList<IState> All { get; } =
    [
        new State<Operator>("operator/", Operator.Evolve),
        new State<Part>("part/", Part.Evolve),
        new State<BillOfMaterials>("bom/", BillOfMaterials.Evolve),
        new State<Trade>("trade/", Trade.Evolve),
        new State<Release>("release/", Release.Evolve),
        new State<Footprint>("footprint/", Footprint.Evolve),
        new State<Certificate>("certificate/", Certificate.Evolve),
        new State<Disclosure>("disclosure/", Disclosure.Evolve),
        new State<Statement>("statement/", Statement.Evolve),
        new State<ProductFacts>("facts/", ProductFacts.Evolve),
        new State<IssuedExport>("export/", IssuedExport.Evolve),
        new State<AuditGrant>("audit_grant/", AuditGrant.Evolve),
        new State<AuditRead>("audit_read/", AuditRead.Evolve),
        new State<UpstreamTotal>("upstream/", UpstreamTotal.Evolve),
    ];

    public static State<T> Of<T>()
        where T : class => All.OfType<State<T>>().Single();

    /// <summary>That of a stream.</summary>
    public static IState Of(string key) =>
        All.Single(state => key.StartsWith(state.Prefix, StringComparison.Ordinal));
}

/// <summary>A state of a type that is not known where it is used.</summary>
internal interface IState
{
    string Table { get; }

    /// <summary>How the keys of its streams begin.</summary>
    string Prefix { get; }

    /// <summary>The document that all events of a stream lead to, as it would be stored; null if to none.</summary>
    string? Make(string key, IEnumerable<object> events);

    /// <summary>Stores the document that all events of a stream lead to.</summary>
    void Store(IDocumentSession session, string key, IEnumerable<object> events);

    void Register(StoreOptions options);

    /// <summary>Makes the table, so that SQL over several of them finds it.</summary>
    Task EnsureAsync(IQuerySession session);

    /// <summary>
    /// Makes documents of events, oldest first, upon those that are there. Reads no clock, makes no ids.
    /// </summary>
    Task ApplyAsync(IDocumentSession session, IReadOnlyList<IEvent> events);
}

/// <summary>How the streams of one noun fold.</summary>
internal sealed class State<T>(string prefix, Func<T?, object, T?> evolve) : IState
    where T : class
{
    private static readonly PropertyInfo Id = typeof(T).GetProperty("Id")!;

    public string Table => $"mt_doc_{typeof(T).Name.ToLowerInvariant()}";

    public string Prefix => prefix;

    public string? Make(string key, IEnumerable<object> events) =>
        Fold(key, null, events) is { } state ? JsonSerializer.Serialize(state, EventJson.Options) : null;

    public T? Fold(string key, T? before, IEnumerable<object> events)
    {
        var state = events.Aggregate(before, evolve);
        if (state is not null)
        {
            Id.SetValue(state, key);
        }

        return state;
    }

    public void Store(IDocumentSession session, string key, IEnumerable<object> events) =>
        session.Store(Fold(key, null, events)!);

    public void Register(StoreOptions options) => options.Schema.For<T>();

    public Task EnsureAsync(IQuerySession session) => session.LoadAsync<T>("none");

    public async Task ApplyAsync(IDocumentSession session, IReadOnlyList<IEvent> events)
    {
        var streams = events.Where(e => e.StreamKey!.StartsWith(prefix, StringComparison.Ordinal))
            .ToLookup(e => e.StreamKey!);
        if (streams.Count == 0)
        {
            return;
        }

        var found = await session.LoadManyAsync<T>([.. streams.Select(stream => stream.Key)]);
        var before = found.ToDictionary(state => (string)Id.GetValue(state)!);
        foreach (var stream in streams)
        {
            if (Fold(stream.Key, before.GetValueOrDefault(stream.Key), stream.Select(e => e.Data)) is { } state)
            {
                session.Store(state);
            }
        }
    }
}
