using System.Linq.Expressions;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Traceability.Domain;

namespace Traceability.Storage;

/// <summary>
/// Keeps what the events of a stream lead to as a document, written in the transaction of the events: for decisions,
/// look-ups and lists. How they fold is said by the state itself.
/// </summary>
internal sealed class Fold<T> : SingleStreamProjection<T, string>
    where T : class, IState<T>
{
    private readonly string _prefix;

    private Fold()
    {
        var stream = EventNames.StreamOf<T>();
        (Name, _prefix) = (typeof(T).Name, stream.Prefix);
        foreach (var type in stream.Events.Values)
        {
            IncludeType(type);
        }
    }

    /// <summary>The version of the document is that of its stream: the same number is both etag and guard.</summary>
    public static MartenRegistry.DocumentMappingExpression<T> Add(StoreOptions options)
    {
        options.Projections.Add(new Fold<T>(), ProjectionLifecycle.Inline);
        return options.Schema.For<T>().Metadata(metadata => metadata.Revision.MapTo(StreamVersion()));
    }

    /// <summary>Written out, the expression would name the property of the interface, which nothing can set.</summary>
    private static Expression<Func<T, long>> StreamVersion()
    {
        var state = Expression.Parameter(typeof(T));
        return Expression.Lambda<Func<T, long>>(
            Expression.Property(state, typeof(T), nameof(IState<T>.StreamVersion)), state);
    }

    /// <summary>The same event in a stream of another kind says nothing about this state.</summary>
    public override T? Evolve(T? snapshot, string id, IEvent e) =>
        id.StartsWith(_prefix, StringComparison.Ordinal) ? T.Evolve(snapshot, e.Data) : snapshot;
}
