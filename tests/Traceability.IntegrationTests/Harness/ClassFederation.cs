using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// One federation for all tests of a class, with companies and nodes of its own choice. A test that leaves something behind
/// takes companies of its own: <see cref="LiveFederation.NewCompanyAsync"/>.
/// </summary>
public abstract class ClassFederation(IReadOnlyList<Place> places, FederationSettings? settings = null) : IAsyncLifetime
{
    public LiveFederation Live { get; private set; } = null!;

    /// <summary>Each server is a process, and PostgreSQL is the federation's own: to be killed.</summary>
    protected virtual bool Mortal => false;

    public virtual async Task InitializeAsync()
    {
        Live = await LiveFederation.StartAsync(places, settings, minutes: 10, apart: Mortal, ownPostgres: Mortal);
        await Live.EnrolAsync();
    }

    public async Task DisposeAsync()
    {
        await Live.DisposeAsync();
    }
}

/// <summary>Companies of their own on two nodes.</summary>
public sealed class TwoNodes() : ClassFederation([new("supplier", "one"), new("buyer", "two")]);
