using Npgsql;
using Traceability.Hosting;
using Xunit;

namespace Traceability.UnitTests.Hosting;

public sealed class DatabaseFaultsTests
{
    /// <summary>Shut down, crashed, starting, cancelled, serialization, too many connections.</summary>
    [Theory]
    [InlineData("57P01")]
    [InlineData("57P02")]
    [InlineData("57P03")]
    [InlineData("57014")]
    [InlineData("40001")]
    [InlineData("53300")]
    public void What_somebody_else_has_ended_can_be_tried_again(string state)
    {
        Assert.True(DatabaseFaults.Pass(Fault(state)));
        Assert.True(DatabaseFaults.Pass(new InvalidOperationException("wrapped", Fault(state))));
    }

    [Theory]
    [InlineData("23505")]
    [InlineData("42P01")]
    [InlineData("22003")]
    public void What_the_statement_itself_is_to_blame_for_stays_wrong(string state) =>
        Assert.False(DatabaseFaults.Pass(Fault(state)));

    private static PostgresException Fault(string state) => new("text", "ERROR", "ERROR", state);
}
