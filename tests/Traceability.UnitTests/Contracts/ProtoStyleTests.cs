using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Contracts;

/// <summary>The rules of protos/README.md. What buf lint would say, with no tool to install.</summary>
public partial class ProtoStyleTests
{
    private static FileDescriptor[] Files => PublishedContracts.Files;

    [Fact]
    public void Every_proto_file_is_compiled() =>
        Assert.Equal(RepositoryFiles.Matching("protos/traceability", "*.proto").Count(), Files.Length);

    [Fact]
    public void A_package_is_its_folder_and_ends_in_a_version() => Assert.All(Files, file =>
    {
        Assert.Matches(VersionedPackage(), file.Package);
        Assert.Equal(file.Package.Replace('.', '/'), Path.GetDirectoryName(file.Name));
    });

    [Fact]
    public void A_service_is_named_service_and_its_rpcs_have_messages_of_their_own() =>
        Assert.All(Files.SelectMany(file => file.Services), service =>
        {
            Assert.EndsWith("Service", service.Name, StringComparison.Ordinal);
            Assert.All(service.Methods, rpc => Assert.Equal(
                (rpc.Name + "Request", rpc.Name + "Response"), (rpc.InputType.Name, rpc.OutputType.Name)));
        });

    [Fact]
    public void Enum_values_carry_the_name_of_their_enum_and_start_at_unspecified() =>
        Assert.All(Files.SelectMany(file => file.EnumTypes), type =>
        {
            var prefix = WordStart().Replace(type.Name, "_$0").ToUpperInvariant();
            Assert.Equal(prefix + "_UNSPECIFIED", type.Values[0].Name);
            Assert.All(type.Values, value => Assert.StartsWith(prefix + "_", value.Name, StringComparison.Ordinal));
        });

    [Fact]
    public void Everything_in_a_proto_has_a_comment_above_it()
    {
        var bare =
            from file in RepositoryFiles.Matching("protos", "*.proto")
            let lines = File.ReadAllLines(file)
            from line in lines.Index().Skip(1)
            where Declaration().IsMatch(line.Item)
            where !lines[line.Index - 1].TrimStart().StartsWith("//", StringComparison.Ordinal)
            select $"{Path.GetFileName(file)}:{line.Index + 1}: {line.Item.Trim()}";

        Assert.Empty(bare);
    }

    [Fact]
    public void No_amount_is_a_floating_point_number() =>
        Assert.All(Fields, field => Assert.False(field.FieldType is FieldType.Double or FieldType.Float, field.FullName));

    /// <summary>
    /// A program may overlook that a total is incomplete. Where there is such a mark there is a field that is absent then.
    /// </summary>
    [Fact]
    public void Figures_that_may_be_incomplete_have_a_total_that_is_absent_then()
    {
        var marked = Fields.Select(field => field.ContainingType).Distinct()
            .Where(type => type.FindFieldByName("complete") is not null).ToArray();
        Assert.Equal(7, marked.Length);
        Assert.All(marked, type =>
        {
            Assert.NotNull(type.FindFieldByName("figures"));
            var total = type.FindFieldByName("complete_total");
            Assert.True(total is { FieldType: FieldType.String, HasPresence: true }, $"{type.Name} has no complete_total.");
        });
    }

    [Fact]
    public void Times_end_in_time_and_ids_say_what_they_identify() => Assert.All(Fields, field =>
    {
        Assert.NotEqual("id", field.Name);
        if (field.FieldType == FieldType.Message && field.MessageType.FullName == "google.protobuf.Timestamp")
        {
            Assert.EndsWith("_time", field.Name, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Every_list_pages() => Assert.All(
        Files.SelectMany(file => file.Services).SelectMany(service => service.Methods)
            .Where(rpc => rpc.Name.StartsWith("List", StringComparison.Ordinal)),
        rpc =>
        {
            Assert.NotNull(rpc.InputType.FindFieldByName("page_size"));
            Assert.NotNull(rpc.InputType.FindFieldByName("page_token"));
            Assert.NotNull(rpc.OutputType.FindFieldByName("next_page_token"));
        });

    [Fact]
    public void Nothing_is_updated_or_deleted() => Assert.All(
        Files.SelectMany(file => file.Services).SelectMany(service => service.Methods),
        rpc => Assert.DoesNotMatch("^(Update|Delete|Set|Create)", rpc.Name));

    private static IEnumerable<FieldDescriptor> Fields =>
        Files.SelectMany(file => file.MessageTypes).SelectMany(message => message.Fields.InDeclarationOrder());

    [GeneratedRegex(@"^traceability(\.[a-z]+)+\.v[1-9]\d*$")]
    private static partial Regex VersionedPackage();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();

    [GeneratedRegex(@"^\s*(service|rpc|message|enum|oneof)\s|^\s+[\w.]+(\s[\w.<>, ]+)?\s*=\s*\d+")]
    private static partial Regex Declaration();
}
