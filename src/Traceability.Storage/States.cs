using System.Reflection;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Marten.Events.Projections;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;

namespace Traceability.Storage;

/// <summary>
/// The states that streams fold to. Each is folded when it is decided on, and kept as a document of the same type for
/// lists and look-ups.
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
        new State<Statement>("statement/", Statement.Evolve),
        new State<UpstreamTotal>("upstream/", UpstreamTotal.Evolve),
    ];

    public static State<T> Of<T>()
        where T : class => All.OfType<State<T>>().Single();
}

/// <summary>A state of a type that is not known where it is used.</summary>
internal interface IState : IProjection
{
    string Table { get; }

    void Register(StoreOptions options);
}

/// <summary>How the streams of one noun fold.</summary>
internal sealed class State<T>(string prefix, Func<T?, object, T?> evolve) : IState
    where T : class
{
    private static readonly PropertyInfo Id = typeof(T).GetProperty("Id")!;

    public string Table => $"mt_doc_{typeof(T).Name.ToLowerInvariant()}";

    public T? Evolve(T? state, object data) => evolve(state, data);

    public void Register(StoreOptions options)
    {
        options.Schema.For<T>();
        options.Projections.Add(new StateFold<T>(evolve), ProjectionLifecycle.Live);
        options.Projections.Add(this, ProjectionLifecycle.Inline, $"{typeof(T).Name}_document");
    }

    /// <summary>Reads no clock and makes no ids: a rebuild gives the same documents.</summary>
    public async Task ApplyAsync(
        IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var streams = events.Where(e => IsOurs(e.StreamKey!)).ToLookup(e => e.StreamKey!);
        if (streams.Count == 0)
        {
            return;
        }

        var found = await operations.LoadManyAsync<T>([.. streams.Select(stream => stream.Key)]);
        var before = found.ToDictionary(state => (string)Id.GetValue(state)!);
        foreach (var stream in streams)
        {
            var state = stream.Aggregate(before.GetValueOrDefault(stream.Key), (folded, e) => evolve(folded, e.Data));
            if (state is not null)
            {
                Id.SetValue(state, stream.Key);
                operations.Store(state);
            }
        }
    }

    private bool IsOurs(string key) => key.StartsWith(prefix, StringComparison.Ordinal);
}

/// <summary>Hands a fold of the domain to the store.</summary>
internal sealed class StateFold<T>(Func<T?, object, T?> evolve) : SingleStreamProjection<T, string>
    where T : class
{
    public override T? Evolve(T? snapshot, string id, IEvent e) => evolve(snapshot, e.Data);
}
