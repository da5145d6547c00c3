using Npgsql;

namespace Traceability.Identity.Storage;

/// <summary>Connections of the provider, apart from those of the rest of the broker.</summary>
internal sealed record IdentitySource(NpgsqlDataSource Source) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
