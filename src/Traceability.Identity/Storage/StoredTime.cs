namespace Traceability.Identity.Storage;

/// <summary>Times as the database keeps them: what is answered now is what will be read later.</summary>
internal static class StoredTime
{
    public static DateTimeOffset Moment(this TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
