using System.Security.Cryptography;
using System.Text;

namespace Traceability.Broker.Directory;

/// <summary>What one company gives to another: 99 bits, without letters that are read for each other.</summary>
internal static class InvitationCode
{
    private const string Letters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    private const int Length = 20;
    private const int Group = 5;

    public static string New() =>
        string.Join('-', RandomNumberGenerator.GetString(Letters, Length).Chunk(Group).Select(one => new string(one)));

    public static bool HasForm(string code) => Plain(code).Length == Length && Plain(code).All(Letters.Contains);

    public static string Hash(string code) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Plain(code))));

    private static string Plain(string code) =>
        string.Concat(code.Where(one => one is not (' ' or '-'))).ToUpperInvariant();
}
