using JasperFx.Events;
using JasperFx.Events.Projections;

namespace Marten.Events.Projections
{
    /// <summary>Keeps a read model: told of events in the transaction that appends them, or on rebuilding.</summary>
    public interface IProjection
    {
        Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation);
    }

    /// <summary>All projections of a store.</summary>
    public class ProjectionOptions
    {
        internal List<IProjection> Inline { get; } = [];

        internal Dictionary<Type, Aggregation.IFold> Folds { get; } = [];

        public void Add(IProjection projection, ProjectionLifecycle lifecycle, string? projectionName = null)
        {
            if (lifecycle != ProjectionLifecycle.Inline)
            {
                throw new NotSupportedException("An IProjection runs inline here.");
            }

            Inline.Add(projection);
        }

        public void Add<TDoc, TId>(
            Aggregation.SingleStreamProjection<TDoc, TId> projection, ProjectionLifecycle lifecycle)
            where TDoc : class
            where TId : notnull
        {
            if (lifecycle != ProjectionLifecycle.Live)
            {
                throw new NotSupportedException("A SingleStreamProjection runs live here.");
            }

            Folds.Add(typeof(TDoc), projection);
        }
    }
}

namespace Marten.Events.Aggregation
{
    /// <summary>Folds events to a state of a type that is known only at run time.</summary>
    internal interface IFold
    {
        object? Fold(string key, IEnumerable<IEvent> events);
    }

    /// <summary>Folds the events of one stream by overriding Evolve.</summary>
    public abstract class SingleStreamProjection<TDoc, TId> : IFold
        where TDoc : class
        where TId : notnull
    {
        /// <summary>The real store sets the state's identity from the key of the stream.</summary>
        private static readonly System.Reflection.PropertyInfo? Identity =
            typeof(TDoc).GetProperty("Id") is { CanWrite: true } id && id.PropertyType == typeof(TId) ? id : null;

        public abstract TDoc? Evolve(TDoc? snapshot, TId id, IEvent e);

        object? IFold.Fold(string key, IEnumerable<IEvent> events)
        {
            var id = (TId)(object)key;
            var state = events.Aggregate(default(TDoc), (folded, e) => Evolve(folded, id, e));
            if (state is not null)
            {
                Identity?.SetValue(state, id);
            }

            return state;
        }
    }
}
