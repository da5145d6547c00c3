using Grpc.Core;
using Traceability.Contracts.Node.V1;

namespace Traceability.Local.Demo.EvBattery;

/// <summary>What the makers of packs and vehicles disclose.</summary>
public static class ChainExports
{
    /// <summary>Those that make sense for every product, and those for batteries alone.</summary>
    private static readonly string[] OfAll = ["catena-x", "pact", "csv", "xlsx"];
    private static readonly string[] OfBatteries = ["battery-declaration", "batterypass", "battery-passport", "idta"];

    /// <summary>Declares the part's facts and writes every export that applies: PART.EXPORT.EXTENSION.</summary>
    public static async Task<IReadOnlyList<(string Name, byte[] Content)>> OfAsync(
        Chain chain, CompanyAtWork owner, string key, CancellationToken cancellationToken)
    {
        var service = new ExportService.ExportServiceClient(owner.Channel);
        var declared = new DeclareProductFactsRequest { TraceId = chain.TraceId(key) };
        foreach (var fact in chain.Facts.Where(fact => fact["traceKey"] == key))
        {
            declared.Facts[fact["name"]] = fact["value"];
        }

        await service.DeclareProductFactsAsync(declared, owner.Call);
        List<(string, byte[])> files = [];
        foreach (var export in declared.Facts.ContainsKey("battery.category") ? [.. OfAll, .. OfBatteries] : OfAll)
        {
            using var call = service.ExportPart(
                new ExportPartRequest { TraceId = declared.TraceId, Export = export }, owner.Call);
            await foreach (var file in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                files.Add(($"{key}.{file.Name}", file.Content.ToByteArray()));
            }
        }

        return files;
    }
}
