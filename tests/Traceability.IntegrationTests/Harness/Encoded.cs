using System.Text;

namespace Traceability.IntegrationTests.Harness;

/// <summary>A search for a secret must look into what is encoded: a statement is Base64.</summary>
internal static class Encoded
{
    /// <summary>Every piece of a text that is Base64, decoded.</summary>
    public static string Decoded(string text) => string.Join('\n', text.Split('"', '.', '~')
        .Select(piece => piece.Replace('-', '+').Replace('_', '/'))
        .Select(piece => piece.PadRight((piece.Length + 3) / 4 * 4, '='))
        .Where(piece => piece.Length > 0 && Convert.TryFromBase64String(piece, new byte[piece.Length], out _))
        .Select(piece => Encoding.Latin1.GetString(Convert.FromBase64String(piece))));
}
