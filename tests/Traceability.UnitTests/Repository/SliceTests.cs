using ArchUnitNET.Domain;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>What the slices of Node and Broker know of each other, and what acts, servers and the domain know at all.</summary>
public class SliceTests
{
    /// <summary>
    /// Each slice with those it uses. A slice stands below all that it uses, so there are no circles: Operators knows no
    /// slice, no slice knows Exchange but for the way to the broker, and nobody knows a door such as Imports.
    /// </summary>
    private static readonly (string Slice, string[] Uses)[] Node =
    [
        ("Exchange.Transport", []),
        ("Trust", ["Exchange.Transport"]),
        ("Operators", ["Exchange.Transport", "Trust"]),
        ("Companies", ["Operators"]),
        ("Parts", ["Operators"]),
        ("Partners", ["Exchange.Transport", "Operators"]),
        ("Problems", ["Operators"]),
        ("Statements", ["Companies", "Operators"]),
        ("Trades", ["Operators", "Parts"]),
        ("Certificates", ["Companies", "Operators", "Parts", "Statements"]),
        ("Keys", ["Certificates", "Exchange.Transport", "Operators", "Statements", "Trust"]),
        ("Footprints", ["Certificates", "Companies", "Operators", "Parts", "Statements", "Trades"]),
        ("Releases", ["Footprints", "Operators", "Statements", "Trades"]),
        ("Exports", ["Companies", "Operators", "Parts"]),
        ("Due", ["Certificates", "Operators", "Releases"]),
        ("Audit", ["Exchange.Transport", "Footprints", "Operators", "Parts", "Trades", "Trust"]),
        ("Imports", ["Companies", "Footprints", "Operators", "Parts", "Releases", "Trades"]),
        ("Exchange.Outgoing", ["Exchange.Transport", "Operators", "Releases", "Statements", "Trades", "Trust"]),
        ("Exchange.Incoming", ["Exchange.Transport", "Footprints", "Operators", "Trades", "Trust"]),
        ("Exchange", ["Exchange.Incoming", "Exchange.Outgoing", "Operators"]),
    ];

    /// <summary>The database, its acts and its mailboxes stand at the root, which knows no slice.</summary>
    private static readonly (string Slice, string[] Uses)[] Broker =
    [
        ("", []),
        ("Keys", [""]),
        ("Directory", ["", "Keys"]),
        ("Trades", [""]),
        ("Releases", [""]),
        ("Log", [""]),
        ("Exchange", ["", "Log"]),
        ("Witness", ["", "Log"]),
        ("Identity", []),
    ];

    /// <summary>What acts may know of the wire after all.</summary>
    private static readonly (string Act, string[] Wire, string Why)[] OnTheWire =
    [
        ("Traceability.Node.Imports.ImportRecords", ["Traceability.Contracts.Node.V1.Import", "Google.Protobuf."],
            "one message is one import: its rows are read within the act, each after those before it"),
        ("Traceability.Node.Exchange.Incoming.Receive", ["Traceability.Contracts.Broker.V1.MailboxMessage"],
            "what the broker delivered is what is received"),
        ("Traceability.Broker.", ["Traceability.Contracts.Broker.V1.", "Google.Protobuf."],
            "a mailbox holds messages as they will be delivered"),
    ];

    [Fact]
    public void Slices_of_the_node_use_each_other_as_the_map_says() =>
        Code.MustMatch(Node, Slice, type => type.IsIn("Traceability.Node") && !PutsTogether(type));

    [Fact]
    public void Slices_of_the_broker_use_each_other_as_the_map_says() =>
        Code.MustMatch(Broker, Slice, type => type.IsIn("Traceability.Broker") && !PutsTogether(type));

    [Fact]
    public void A_slice_stands_below_what_it_uses() => Assert.All([Node, Broker], map => Assert.All(
        map.Index(),
        row => Assert.Subset(map[..row.Index].Select(above => above.Slice).ToHashSet(), row.Item.Uses.ToHashSet())));

    [Fact]
    public void Acts_know_nothing_of_the_wire()
    {
        var acts = Code.Types.Where(IsAct).ToHashSet();
        var wire = Code.Uses.Where(use => acts.Contains(use.From) && IsWire(use.To)).ToArray();

        Assert.Equal(["Broker", "Node"], acts.Select(act => act.Project()).Distinct().Order());
        Code.MustBeNone(wire.Where(use => !OnTheWire.Any(row => Covers(row, use))));
        Assert.All(OnTheWire, row => Assert.Contains(wire, use => Covers(row, use)));

        static bool Covers((string Act, string[] Wire, string Why) row, Use use) =>
            use.From.FullName.StartsWith(row.Act, StringComparison.Ordinal)
            && row.Wire.Any(name => use.To.FullName.StartsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public void Servers_are_used_by_nobody()
    {
        var servers = Code.Types.Where(type => Inherits(type, "ServiceBase")).ToHashSet();

        Assert.Equal(["Broker", "Node"], servers.Select(server => server.Project()).Distinct().Order());
        Assert.All(servers, server => Assert.EndsWith("Server", server.Name, StringComparison.Ordinal));
        Code.MustBeNone(Code.Uses.Where(use => servers.Contains(use.To) && use.From != use.To && !PutsTogether(use.From)));
    }

    [Fact]
    public void The_domain_knows_nothing_but_the_language()
    {
        var uses = Code.Uses.Where(use => use.From.Project() == "Domain").ToArray();

        Assert.NotEmpty(uses);
        Code.MustBeNone(uses.Where(use => !use.To.IsIn("System") && !use.To.IsIn("Traceability.Domain")));
    }

    /// <summary>A host is made of everything; that is what it is for.</summary>
    private static bool PutsTogether(IType type) =>
        type.FullName.StartsWith("Traceability.Node.NodeHost", StringComparison.Ordinal)
        || type.FullName.StartsWith("Traceability.Broker.BrokerHost", StringComparison.Ordinal);

    private static string Slice(IType type) => string.Join('.', type.Namespace.FullName.Split('.')[2..]);

    private static bool IsAct(IType type) =>
        type is Class && type.ImplementedInterfaces.Any(one => one.Name.StartsWith("IAct`", StringComparison.Ordinal));

    private static bool IsWire(IType type) =>
        type.IsIn("Grpc") || type.IsIn("Google.Protobuf") || type.IsIn("Traceability.Contracts");

    private static bool Inherits(IType type, string suffix) =>
        type is Class { BaseClass: { } parent } && parent.Name.EndsWith(suffix, StringComparison.Ordinal);
}
