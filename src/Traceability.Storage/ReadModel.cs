using Traceability.Domain;

namespace Traceability.Storage;

/// <summary>What the streams of one kind fold to, for what is done with all kinds alike.</summary>
internal abstract class ReadModel
{
    public static IReadOnlyList<ReadModel> All { get; } =
    [
        .. EventNames.Streams.Select(kind => kind.State).OfType<Type>().Distinct().Select(
            state => (ReadModel)Activator.CreateInstance(typeof(Of<>).MakeGenericType(state))!),
    ];

    public abstract Type Type { get; }

    /// <summary>How the names of the streams begin.</summary>
    public abstract string Prefix { get; }

    /// <summary>Null where the events of a stream lead to no state.</summary>
    public abstract object? Fold(string stream, IEnumerable<object> events);

    public abstract Task CompareAsync(ReadModelCheck check, CancellationToken cancellationToken);

    private sealed class Of<T> : ReadModel
        where T : class, IState<T>
    {
        public override Type Type => typeof(T);

        public override string Prefix => EventNames.StreamOf<T>().Prefix;

        public override object? Fold(string stream, IEnumerable<object> events)
        {
            var state = events.Aggregate((T?)null, T.Evolve);
            if (state is not null)
            {
                StateId<T>.Set(state, stream);
            }

            return state;
        }

        public override Task CompareAsync(ReadModelCheck check, CancellationToken cancellationToken) =>
            check.CompareAsync<T>(cancellationToken);
    }
}

/// <summary>No event says what its stream is called; Marten names its documents in the same way.</summary>
internal static class StateId<T>
    where T : class, IState<T>
{
    public static Action<T, string> Set { get; } =
        typeof(T).GetProperty(nameof(IState<T>.Id))!.SetMethod!.CreateDelegate<Action<T, string>>();
}
