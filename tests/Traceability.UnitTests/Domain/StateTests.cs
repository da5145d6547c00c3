using System.Text.Json.Serialization;
using Traceability.Domain;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>What the store does to states, whatever they are about.</summary>
public class StateTests
{
    private static IEnumerable<Type> States => EventNames.Streams.Select(kind => kind.State).OfType<Type>();

    /// <summary>
    /// The store writes the version of the stream into any number named Version, over what the events said.
    /// </summary>
    [Fact]
    public void No_state_keeps_a_version_of_its_own_where_the_store_would_write_that_of_the_stream()
    {
        var overwritten =
            from state in States
            from property in state.GetProperties()
            where property.CanWrite && property.Name.Equals("Version", StringComparison.OrdinalIgnoreCase)
            where property.PropertyType == typeof(long) || property.PropertyType == typeof(int)
            select $"{state.Name}.{property.Name}";

        Assert.NotEmpty(States);
        Assert.Empty(overwritten);
    }

    /// <summary>It stands in a column of its own; in the document it would be one behind.</summary>
    [Fact]
    public void The_version_of_the_stream_stands_in_no_document() =>
        Assert.All(States, state => Assert.NotEmpty(
            state.GetProperty("StreamVersion")!.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: true)));
}
