"""Makes OpenCompass' retriever classes importable without torch, transformers, a GPU or a network.

What is replaced: model wrappers and registries that the retrievers only pass through. What runs as published: everything in
openicl/icl_retriever, DatasetReader's joining of input columns, rank_bm25, NLTK's word tokenizer, faiss, scikit-learn, numpy.
"""
import sys
import types


class Anything:
    """Stands for a class or function that is imported, but never reached."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return args[0] if args and callable(args[0]) else self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


class Registry:
    def register_module(self):
        return lambda cls: cls

    def build(self, template):
        return template


class Tokenizer:
    """A token is a character; encoding and decoding give back the text."""
    eos_token, eos_token_id = "<eos>", 0

    @classmethod
    def from_pretrained(cls, name):
        return cls()

    def encode_plus(self, text, **kwargs):
        return types.SimpleNamespace(input_ids=[text], attention_mask=[text])

    def batch_decode(self, ids, **kwargs):
        return ids

    def __call__(self, text, **kwargs):
        return {"input_ids": list(text)}


class DataLoader:
    def __init__(self, dataset, batch_size, collate_fn):
        self.dataset = dataset

    def __iter__(self):
        for item in self.dataset.encode_dataset:
            yield {"input_ids": [item["input_ids"]], "metadata": [item["metadata"]]}

    def __len__(self):
        return len(self.dataset.encode_dataset)


class SentenceTransformer(Anything):
    """Gives the vectors that the script has made for each text."""
    vectors = {}

    def encode(self, texts, **kwargs):
        import numpy
        return numpy.stack([self.vectors[text] for text in texts])

    def get_sentence_embedding_dimension(self):
        return len(next(iter(self.vectors.values())))

    def to(self, device):
        return self


def module(name, **members):
    made = types.ModuleType(name)
    vars(made).update(members)
    sys.modules[name] = made
    return made


def install(opencompass_folder):
    """`opencompass_folder` is the package's folder; its __init__ files, which import everything, are left out."""
    anything = Anything()
    data = module("torch.utils.data", Dataset=object, DataLoader=DataLoader)
    utils = module("torch.utils", data=data)
    module("torch", utils=utils, no_grad=lambda: anything, Tensor=object,
           cuda=types.SimpleNamespace(is_available=lambda: False))
    module("transformers", AutoTokenizer=Tokenizer, AutoModelForCausalLM=Anything, BatchEncoding=object,
           PreTrainedTokenizerBase=object)
    module("transformers.file_utils", PaddingStrategy=object)
    module("sentence_transformers", SentenceTransformer=SentenceTransformer)
    module("datasets", Dataset=list, DatasetDict=dict)
    module("mmengine")
    module("mmengine.dist", is_main_process=lambda: False)
    logger = types.SimpleNamespace(info=lambda *a: None, warning=lambda *a: None)
    for name in ("opencompass.utils.logging", "opencompass.openicl.utils.logging"):
        module(name, get_logger=lambda *a: logger)
    module("opencompass.registry", ICL_RETRIEVERS=Registry(), ICL_PROMPT_TEMPLATES=Registry(), ICL_DATASET_READERS=Registry())
    module("opencompass.utils.prompt", PromptList=Anything)
    module("opencompass.utils.types", _check_dataset=anything, _check_str=anything, _check_type_list=anything)
    module("opencompass.openicl.icl_prompt_template", PromptTemplate=Anything)
    for name, folder in (("opencompass", ""), ("opencompass.utils", "utils"), ("opencompass.openicl", "openicl"),
                         ("opencompass.openicl.utils", "openicl/utils")):
        module(name).__path__ = [f"{opencompass_folder}/{folder}".rstrip("/")]
