using System.Text.Json;
using JasperFx.Events;
using Marten;
using Traceability.Domain;

namespace Traceability.Storage;

/// <summary>A read model that is not what its events lead to.</summary>
public sealed record ReadModelDifference(string Key, string Problem);

/// <summary>What was compared, and what differs.</summary>
public sealed record ReadModelReport(long Streams, IReadOnlyList<ReadModelDifference> Differences);

/// <summary>
/// Makes every read model anew from its events and compares it with the one that is in use. It changes nothing, reads
/// one moment, and may run while others write.
/// </summary>
public sealed class ReadModelCheck
{
    /// <summary>Some megabytes at once.</summary>
    private const int PageSize = 500;

    private const int MaxDifferences = 1000;

    private readonly IQuerySession _session;
    private readonly List<ReadModelDifference> _differences = [];
    private long _streams;

    private ReadModelCheck(IQuerySession session) => _session = session;

    public static async Task<ReadModelReport> RunAsync(EventDatabase database, CancellationToken cancellationToken)
    {
        await using var snapshot = await database.SnapshotAsync(cancellationToken);
        var check = new ReadModelCheck(snapshot.Session);
        foreach (var model in ReadModel.All)
        {
            await model.CompareAsync(check, cancellationToken);
        }

        return new(check._streams, [.. check._differences.Take(MaxDifferences)]);
    }

    /// <summary>Pages of streams side by side with pages of documents, both in order of their names.</summary>
    internal async Task CompareAsync<T>(CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var prefix = EventNames.StreamOf<T>().Prefix;
        for (var after = prefix; ;)
        {
            var states = await PageAsync<T>(after, cancellationToken);
            // The last page takes all that is left, also streams behind the last document.
            var last = states.Count == PageSize ? states.Keys.Max(StringComparer.Ordinal)! : $"{prefix}\uffff";
            var streams = (await _session.Events.QueryAllRawEvents()
                .Where(e => e.StreamKey!.CompareTo(after) > 0 && e.StreamKey!.CompareTo(last) <= 0)
                .OrderBy(e => e.StreamKey).ThenBy(e => e.Version)
                .ToListAsync(cancellationToken)).ToLookup(e => e.StreamKey!);
            _streams += streams.Count;
            Compare(states, streams);
            if (states.Count < PageSize)
            {
                return;
            }

            after = last;
        }
    }

    /// <summary>Documents by name; null for one that somebody has made unreadable, which spoils no other.</summary>
    private async Task<Dictionary<string, T?>> PageAsync<T>(string after, CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var page = _session.Query<T>().Where(state => state.Id.CompareTo(after) > 0).OrderBy(state => state.Id)
            .Take(PageSize);
        // By the name under which it is found; what it says of itself may have been changed.
        var ids = await page.Select(state => state.Id).ToListAsync(cancellationToken);
        try
        {
            return ids.Zip(await page.ToListAsync(cancellationToken))
                .ToDictionary(one => one.First, T? (one) => one.Second);
        }
        catch (Exception exception) when (IsUnreadable(exception))
        {
            Dictionary<string, T?> states = [];
            foreach (var id in ids)
            {
                states[id] = await TryLoadAsync<T>(id, cancellationToken);
            }

            return states;
        }
    }

    private async Task<T?> TryLoadAsync<T>(string id, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await _session.LoadAsync<T>(id, cancellationToken);
        }
        catch (Exception exception) when (IsUnreadable(exception))
        {
            return null;
        }
    }

    /// <summary>The text is no such document, or its version is missing.</summary>
    private static bool IsUnreadable(Exception exception) =>
        exception is JsonException or InvalidCastException or FormatException or NotSupportedException;

    private void Compare<T>(Dictionary<string, T?> states, ILookup<string, IEvent> streams)
        where T : class, IState<T>
    {
        foreach (var stream in states.Keys.Union(streams.Select(stream => stream.Key)))
        {
            var made = streams[stream].Select(e => e.Data).Aggregate((T?)null, T.Evolve);
            var problem = states.TryGetValue(stream, out var stored) && stored is null
                ? "cannot be read"
                : Problem(stream, made, stored, streams[stream].Count());
            if (problem is not null)
            {
                _differences.Add(new(stream, problem));
            }
        }
    }

    private static string? Problem<T>(string stream, T? made, T? stored, int events)
        where T : class, IState<T> => (made, stored) switch
        {
            (null, null) => null,
            (null, _) when events == 0 => "has no events, but a read model",
            (null, _) => "has a read model, but its events lead to none",
            (_, null) => "has no read model",
            _ when stored.StreamVersion != events => $"is that of version {stored.StreamVersion}, not {events}",
            _ when stored.Id != stream => $"calls itself \"{stored.Id}\"",
            _ => Same(made, stored) ? null : "is not what its events lead to",
        };

    /// <summary>Its name is the one thing that no event says.</summary>
    private static bool Same<T>(T made, T stored)
        where T : class, IState<T>
    {
        var one = JsonSerializer.SerializeToNode(made, EventJson.Options)!.AsObject();
        var other = JsonSerializer.SerializeToNode(stored, EventJson.Options)!.AsObject();
        one.Remove("id");
        other.Remove("id");
        return System.Text.Json.Nodes.JsonNode.DeepEquals(one, other);
    }
}
