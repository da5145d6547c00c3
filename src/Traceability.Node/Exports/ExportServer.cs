using System.Text;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Exports;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Exports;

/// <summary>What regulators and customers take.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class ExportServer(HostedOperators operators, TimeProvider clock)
    : Wire.ExportService.ExportServiceBase
{
    private const int MaxFacts = 100;
    private const int MaxName = 100;

    /// <summary>Exports of one part that leave at the same moment as often as this are a stuck loop.</summary>
    private const int MaxAttempts = 20;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareProductFactsResponse> DeclareProductFacts(
        Wire.DeclareProductFactsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new DeclareProductFacts(input.Id<TraceId>("trace_id", request.TraceId), request.Facts);
        CheckFacts(input, request.Facts);
        input.ThrowIfInvalid();
        var facts = await operators.Of(context).DoAsync(act, context);
        return new() { Facts = { Of(facts.State) } };
    }

    public override async Task<Wire.GetProductFactsResponse> GetProductFacts(
        Wire.GetProductFactsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        await op.PartAsync(traceId, context.CancellationToken);
        await using var session = op.Query();
        var known = await session.LoadAsync<ProductFacts>(
            StreamNames.ProductFacts(traceId), context.CancellationToken);
        return new() { Facts = { Of(known) } };
    }

    public override async Task<Wire.ReviewExportResponse> ReviewExport(
        Wire.ReviewExportRequest request, ServerCallContext context)
    {
        var (_, reviews) = await ReviewAsync(
            request.TraceId, request.Export, request.RulesVersion, request.AsOfTime, context);
        var part = await operators.Of(context).PartAsync(reviews[0].Input.TraceId, context.CancellationToken);
        return new()
        {
            Fields = { reviews.SelectMany(review => review.Fields).Select(ToWire), Retired(part) },
            Final = reviews.All(review => review.Final) && !part.Retired,
        };
    }

    public override async Task ExportPart(
        Wire.ExportPartRequest request,
        IServerStreamWriter<Wire.ExportPartResponse> responseStream,
        ServerCallContext context)
    {
        var (format, files) = await WriteAsync(request, context);
        foreach (var file in files)
        {
            var name = $"{format.Name}.{file.Part.Extension}";
            await SendAsync(responseStream, name, file.Bytes, context);
            await SendAsync(
                responseStream,
                $"{name}.{ExportProvenance.Extension}",
                ExportProvenance.Of(name, file.Bytes, file.Review).ToJson(),
                context);
            if (file.Signature is { } signature)
            {
                await SendAsync(
                    responseStream,
                    $"{format.Name}.{ExportSignature.Extension}",
                    Encoding.UTF8.GetBytes(signature),
                    context);
            }
        }
    }

    /// <summary>
    /// The files of an export, of which those that are final have left. Where another has left meanwhile, they are
    /// written anew: a document names all that left before it.
    /// </summary>
    private async Task<(ExportFormat Format, IReadOnlyList<WrittenFile> Files)> WriteAsync(
        Wire.ExportPartRequest request, ServerCallContext context)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (format, reviews) = await ReviewAsync(
                request.TraceId, request.Export, request.RulesVersion, request.AsOfTime, context);
            if (!request.Draft && reviews.Any(review => !review.Final))
            {
                throw Incomplete(format, reviews);
            }

            WrittenFile[] files =
            [
                .. format.Parts.Zip(reviews, (part, review) => new WrittenFile(part, review, part.Render(review))),
            ];
            if (await IssueAsync(format, files, request.AsOfTime, context))
            {
                return (format, files);
            }
        }

        throw ActSession.StaleVersion($"export {request.Export}");
    }

    /// <summary>
    /// What leaves the company stands in its history before it does; what is signed is signed once, and told here.
    /// </summary>
    /// <returns>Whether it has left; not where another one has meanwhile.</returns>
    private async Task<bool> IssueAsync(
        ExportFormat format, WrittenFile[] files, Timestamp? asOf, ServerCallContext context)
    {
        var op = operators.Of(context);
        WrittenFile[] final = [.. files.Where(file => file.Review.Final)];
        if (final is not [{ Review.Input: { } input }, ..])
        {
            return true;
        }

        var act = new IssueExport(
            input.TraceId,
            format.Name,
            [.. final.Select(file => Final(format, file, op))],
            [.. input.Earlier.Select(one => one.Id)],
            asOf?.ToDateTimeOffset());
        var issued = await op.DoAsync(act, context);
        foreach (var (file, one) in final.Zip(issued ?? []))
        {
            file.Signature = one.Signature;
        }

        return issued is not null;
    }

    private static FinalFile Final(ExportFormat format, WrittenFile file, HostedOperator op) => new(
        file.Review.Table.Version,
        file.Review.Input.Version,
        ExportProvenance.Hash(file.Bytes),
        file.Review.Document,
        format.SignedFile == file.Part.Extension
            ? now => ExportSignature.Sign(op.Keys.Signing, file.Bytes, now)
            : null);

    private static Task SendAsync(
        IServerStreamWriter<Wire.ExportPartResponse> responseStream, string name, byte[] content,
        ServerCallContext context) =>
        responseStream.SendAsync(new() { Name = name, Content = ByteString.CopyFrom(content) }, context);

    /// <summary>One review per file of the export.</summary>
    private async Task<(ExportFormat Format, IReadOnlyList<ExportReview> Reviews)> ReviewAsync(
        string part, string export, string version, Timestamp? asOfTime, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", part);
        var asOf = input.OptionalTime("as_of_time", asOfTime) ?? clock.GetUtcNow();
        var format = Format(input, export, version);
        input.ThrowIfInvalid();
        var facts = await ExportInputReader.ReadAsync(op, traceId, format!.Name, asOf, context.CancellationToken);
        var day = DateOnly.FromDateTime(asOf.UtcDateTime);
        return (
            format,
            [.. format.Parts.Select(one => ExportReview.Of(ExportFormats.TableOf(one, version, day), facts))]);
    }

    private static ExportFormat? Format(Input input, string name, string version)
    {
        input.OneOf("export", name, [.. ExportFormats.All.Select(format => format.Name)]);
        var format = ExportFormats.Find(name);
        if (format is not null && version.Length > 0)
        {
            var known = format.Parts.SelectMany(part => ExportFormats.Versions(part.Table)).Select(one => one.Version);
            input.OneOf("rules_version", version, [.. known.Distinct()]);
        }

        return format;
    }

    private static Dictionary<string, string> Of(ProductFacts? known) =>
        known?.Facts.ToDictionary(fact => fact.Key, fact => fact.Value) ?? [];

    private static void CheckFacts(Input input, MapField<string, string> facts)
    {
        if (facts.Count is 0 or > MaxFacts)
        {
            input.Violate("facts", facts.Count, $"must be 1 to {MaxFacts}.");
        }

        foreach (var (name, value) in facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
        {
            if (FactTable.Find(name) is not { } rule)
            {
                input.Violate(
                    $"facts.{(name.Length <= MaxName ? name : name[..MaxName])}", value,
                    "is no known fact; the review of an export (trace export review) names those that it needs.");
            }
            else if (value.Length > 0 && rule.Problem(value) is { } problem)
            {
                input.Violate($"facts.{name}", value, $"{problem} It means {rule.Means}.");
            }
        }
    }

    /// <summary>Everything that stands in the way at once, and who can help.</summary>
    private static RefusedException Incomplete(ExportFormat format, IReadOnlyList<ExportReview> reviews)
    {
        string[] problems = [.. reviews.SelectMany(review => review.Problems).Select(one => $"  {one}").Distinct()];
        return new(
            RefusalReason.ExportIncomplete,
            string.Join(
                '\n',
                [$"There is no final {format.Name} yet:", .. problems, "Ask for a draft to see the rest."]),
            ("missing", $"{problems.Length}"));
    }

    /// <summary>What stands in the way whatever the fields say.</summary>
    private static IEnumerable<Wire.ExportField> Retired(Part part) => part.Retired
        ?
        [
            new()
            {
                Path = "part",
                Label = "part",
                State = Wire.ExportFieldState.Mandatory,
                Problem = "is retired: nothing new leaves about it, and what left before comes out again. Register the "
                    + "part that is made instead, and export that one.",
                Who = "the maker",
            },
        ]
        : [];

    private static Wire.ExportField ToWire(ReviewedField field) => new()
    {
        Path = field.Rule.Path,
        Label = field.Rule.Label,
        State = (Wire.ExportFieldState)field.State,
        Value = field.Value?.ToString() ?? "",
        Unit = field.Rule.Unit ?? "",
        Problem = field.Problem ?? "",
        Fact = field.Fact ?? "",
        Who = field.Who ?? "",
    };

    /// <summary>A file as it is written, and the signature beside it once it has left.</summary>
    private sealed record WrittenFile(ExportPart Part, ExportReview Review, byte[] Bytes)
    {
        public string? Signature { get; set; }
    }
}
